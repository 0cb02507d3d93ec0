"""The layer: the locked packages of `requirements/function.txt`, less what no function ever reads."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from infra.archives import Architecture, Archive
from infra.package.archive import write_archive
from infra.package.bytecode import compile_ahead
from infra.package.errors import PackageError
from infra.package.lambda_runtime import wheel_platforms

LOCK = Path(__file__).parents[2] / "requirements" / "function.txt"

BUILD_TIME_ONLY = (
    "bin",  # commands
    "cffi",  # makes bindings; those of cryptography are made, and load the module `_cffi_backend` alone
    "pycparser",  # as cffi, which asks for it
)
_NEVER_READ = (".pyi", ".pyx", ".pxd", ".c", ".h", "py.typed")
# Of a package's description functions read its version, and licences go where the code goes.
_DESCRIPTION_READ = ("METADATA", "entry_points.txt")
_DESCRIPTION_KEPT = "licenses"


def build_dependencies(target: Path, architecture: Architecture) -> Archive:
    """Install for the runtime from wheels alone, from wherever pip gets its packages; strip and compile."""
    with tempfile.TemporaryDirectory(prefix="spooled-layer-") as scratch:
        packages = Path(scratch) / "python"
        _install(packages, architecture)
        _strip(packages)
        compile_ahead(packages, "/opt/python")
        return write_archive(target / f"dependencies-{architecture}.zip", Path(scratch))


def _install(folder: Path, architecture: Architecture) -> None:
    platforms = [part for tag in wheel_platforms(architecture) for part in ("--platform", tag)]
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-input"),
            *("--target", str(folder), "--no-compile", "--only-binary", ":all:", *platforms),
            *("--require-hashes", "--no-deps", "-r", str(LOCK)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise PackageError(f"pip cannot install {LOCK.name} for {architecture}:\n{done.stderr}")


def _strip(packages: Path) -> None:
    for name in BUILD_TIME_ONLY:
        shutil.rmtree(packages / name, ignore_errors=True)
    for folder in sorted(packages.rglob("tests")):
        shutil.rmtree(folder, ignore_errors=True)
    for file in packages.rglob("*"):
        if file.is_file() and not _is_needed(file.relative_to(packages)):
            file.unlink()


def _is_needed(file: Path) -> bool:
    if file.parts[0].endswith(".dist-info"):
        name = file.parts[0].partition("-")[0]
        return name not in BUILD_TIME_ONLY and (
            file.name in _DESCRIPTION_READ or file.parts[1] == _DESCRIPTION_KEPT
        )
    return not file.name.endswith(_NEVER_READ)
