"""How long the functions of an archive take to be imported, against a bare one, in turn."""

import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from types import TracebackType
from typing import Any, Self

from infra.archives import Archive, Archives, own_architecture
from infra.package.bytecode import compile_ahead
from infra.package.errors import PackageError

BARE = Path(__file__).with_name("bare.py")
_PROBE = Path(__file__).with_name("probe.py")
# What a function finds in Lambda before its handler is imported.
_ENVIRONMENT = {
    "AWS_LAMBDA_FUNCTION_NAME": "spooled-measured",
    "DATABASE_URL": "postgresql://measured.invalid/spooled",
    "SECRET_KEY": "a secret for measuring alone",
}


@dataclass(frozen=True, slots=True)
class Unpacked:
    """Code and packages as an environment has them, and the bare function beside them."""

    code: Path
    packages: Path
    bare: Path

    def modules(self) -> list[str]:
        """The modules with a handler: all function files."""
        files = sorted((self.code / "functions").glob("*/*.py"))
        return [f"functions.{file.parent.name}.{file.stem}" for file in files if file.stem != "__init__"]


def unpack(archives: Archives, folder: Path) -> Unpacked:
    """Unpack what runs on this machine."""
    _extract(archives.code, folder / "task")
    _extract(archives.dependencies[own_architecture()], folder / "opt")
    bare = folder / "bare"
    bare.mkdir()
    shutil.copyfile(BARE, bare / BARE.name)
    compile_ahead(bare, "/var/task")
    return Unpacked(folder / "task", folder / "opt" / "python", bare)


@contextmanager
def unpacked(archives: Archives) -> Iterator[Unpacked]:
    with tempfile.TemporaryDirectory(prefix="spooled-unpacked-") as folder:
        yield unpack(archives, Path(folder))


def _extract(archive: Archive, folder: Path) -> None:
    with zipfile.ZipFile(archive.path) as packed:
        packed.extractall(folder)


class Probe:
    """Imports modules from an unpacked archive alone, each in a process that has imported nothing before.

    With `first`, a function that all others share the imports of, it is quicker; times then mean nothing.
    """

    def __init__(self, place: Unpacked, first: str = "") -> None:
        self._place = place
        shared = (str(place.code), first) if first else ()
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_PROBE), str(place.packages), *shared],
            env=_ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._process.communicate()

    def bare(self) -> dict[str, Any]:
        return self._ask(self._place.bare, BARE.stem)

    def function(self, module: str) -> dict[str, Any]:
        return self._ask(self._place.code, module)

    def _ask(self, code: Path, module: str) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{code}\t{module}\n")
        self._process.stdin.flush()
        found: dict[str, Any] = json.loads(self._process.stdout.readline())
        if "error" in found:
            raise PackageError(f"{module} cannot be imported from the archives: {found['error']}")
        return found

    def milliseconds(self, module: str) -> float:
        """What it takes to import a function, of the processor: the clock would count neighbours too."""
        return float(self.function(module)["processor_ms"])

    def ratios(self, modules: Iterable[str], turns: int) -> dict[str, float]:
        """The median of each function's time over that of a bare one just before it."""
        names = list(modules)
        taken: dict[str, list[float]] = {name: [] for name in names}
        for turn in range(turns):
            for name in names if turn % 2 else reversed(names):
                bare = float(self.bare()["processor_ms"])
                taken[name].append(self.milliseconds(name) / bare)
        return {name: median(ratios) for name, ratios in taken.items()}
