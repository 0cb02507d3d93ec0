"""The archives of the functions, built once for what they are made from, and unpacked as Lambda does."""

import fcntl
import hashlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.archives import Architecture, Archive, Archives, own_architecture
from infra.package.code import build_code, code_files
from infra.package.lambda_runtime import runtime
from infra.package.measure import Unpacked, unpack
from infra.package.reuse import mark_of, reuse_dependencies


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
        mark = mark_of(code_files())
        return _archive(self._made(f"functions-{mark}", build_code) / "functions.zip")

    def _dependencies(self, architecture: Architecture) -> Archive:
        with self._alone():
            return reuse_dependencies(self._cache, architecture)

    def lend(self, target: Path) -> None:
        """Put the layer for this machine where a build will look for it."""
        self._dependencies(own_architecture())
        target.mkdir(parents=True)
        for file in self._cache.glob(f"dependencies-{own_architecture()}.*"):
            shutil.copy(file, target)

    def _made(self, name: str, make: Callable[[Path], object]) -> Path:
        """A folder of that name, made now if it is not there."""
        folder = self._cache / name
        with self._alone():
            if not folder.exists():
                half_made = self._cache / "half-made"
                shutil.rmtree(half_made, ignore_errors=True)
                half_made.mkdir()
                make(half_made)
                half_made.rename(folder)
        return folder

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with (self._cache / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _archive(path: Path) -> Archive:
    return Archive(path, hashlib.sha256(path.read_bytes()).hexdigest())
