"""The archives of the functions, built once for what they are made from, and unpacked as Lambda does."""

import fcntl
import hashlib
import shutil
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from infra.archives import Architecture, Archive, Archives, own_architecture
from infra.package.code import ROOT, build_code, code_files
from infra.package.dependencies import LOCK, build_dependencies
from infra.package.lambda_runtime import runtime
from infra.package.measure import Unpacked, unpack


class Packages:
    """What is built lies in pytest's cache under a name that says what it was made from.

    The workers of a session and later sessions find it there; a file lock lets one of them build it.
    """

    def __init__(self, cache: Path) -> None:
        self._cache = cache

    def archives(self, *architectures: Architecture) -> Archives:
        """The archives for this machine, or for the architectures named."""
        return Archives(
            runtime(),
            self._code(),
            {name: self._dependencies(name) for name in architectures or (own_architecture(),)},
        )

    def unpacked(self) -> Unpacked:
        """The archives for this machine as an environment has them; not to be written to."""
        archives = self.archives()
        mark = "-".join((archives.code.sha256[:16], archives.dependencies[own_architecture()].sha256[:16]))
        folder = self._made(f"unpacked-{mark}", lambda place: unpack(archives, place))
        return Unpacked(folder / "task", folder / "opt" / "python", folder / "bare")

    def _code(self) -> Archive:
        mark = _mark(code_files())
        return _archive(self._made(f"functions-{mark}", build_code) / "functions.zip")

    def _dependencies(self, architecture: Architecture) -> Archive:
        folder = self._made(
            f"dependencies-{architecture}-{_mark([LOCK])}",
            lambda place: build_dependencies(place, architecture),
        )
        return _archive(folder / f"dependencies-{architecture}.zip")

    def _made(self, name: str, make: Callable[[Path], object]) -> Path:
        """A folder of that name, made now if it is not there."""
        folder = self._cache / name
        with (self._cache / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.exists():
                half_made = self._cache / "half-made"
                shutil.rmtree(half_made, ignore_errors=True)
                half_made.mkdir()
                make(half_made)
                half_made.rename(folder)
        return folder


def _mark(files: Iterable[Path]) -> str:
    """The same for the same files, packaged by the same program and Python."""
    mark = hashlib.sha256(sys.version.encode())
    for file in sorted([*files, *(ROOT / "infra" / "package").glob("*.py")]):
        mark.update(file.relative_to(ROOT).as_posix().encode() + b"\0" + file.read_bytes())
    return mark.hexdigest()[:16]


def _archive(path: Path) -> Archive:
    return Archive(path, hashlib.sha256(path.read_bytes()).hexdigest())
