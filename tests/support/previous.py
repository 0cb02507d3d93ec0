"""The release before this one: its code, kept in one file, to be run beside the code of now.

`make previous COMMIT=TAG` keeps that of another commit: a step after each release, with its tag.
`make previous-tests` runs that release's own tests on the schema of now, where the history has its commit.
"""

import argparse
import io
import lzma
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.support.run import ROOT

ARCHIVE = ROOT / "tests" / "upgrades" / "previous.tar.xz"
FOLDERS = ("shared", "functions", "localstack")
MIGRATIONS = "shared/store/migrations/"
BLACK_BOX = ("tests/http", "tests/ticks", "tests/rpc", "tests/live", "tests/contract")
"""Its tests that say what the service does; others look at the schema itself, which is another one now."""
_MIGRATE = "import asyncio, sys; from shared.store.migrate import migrate; asyncio.run(migrate(sys.argv[1]))"


def _unpack(archive: tarfile.TarFile, folder: Path) -> None:
    # Python 3.11 has filters since its fourth patch; what is unpacked here is our own.
    kwargs: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
    archive.extractall(folder, **kwargs)


def unpacked(folder: Path) -> Path:
    """The code of that release, in a folder of its own; programs run with it as their current one."""
    target = folder / "previous"
    with tarfile.open(ARCHIVE) as archive:
        _unpack(archive, target)
    return target


def commit() -> str:
    """Which commit it is of, whether or not it is in the history that is here."""
    with tarfile.open(ARCHIVE) as archive:
        return str(archive.pax_headers["comment"])


def migration_names() -> frozenset[str]:
    """What has run in a database of that release."""
    with tarfile.open(ARCHIVE) as archive:
        return frozenset(Path(name).name for name in archive.getnames() if name.startswith(MIGRATIONS))


def migrated_as_before(folder: Path, database_url: str) -> str:
    """Bring a new database to the schema of that release, with its own code; gives the URL back."""
    subprocess.run([sys.executable, "-c", _MIGRATE, database_url], cwd=folder, env=_environment(), check=True)
    return database_url


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def keep(commit_name: str) -> None:
    """Write the archive of that commit anew, to the byte the same each time."""
    ARCHIVE.write_bytes(lzma.compress(_tree(commit_name, *FOLDERS), preset=9 | lzma.PRESET_EXTREME))


def run_its_tests(folder: Path, tests: Sequence[str]) -> int:
    """The exit code of that release's tests, with its code, on databases that are migrated as now."""
    with tarfile.open(fileobj=io.BytesIO(_tree(commit()))) as archive:
        _unpack(archive, folder)
    for path in (ROOT / "shared" / "store").glob("migrate.*"):
        shutil.copy(path, folder / "shared" / "store")
    shutil.copytree(ROOT / MIGRATIONS, folder / MIGRATIONS, dirs_exist_ok=True)
    command = [sys.executable, "-m", "pytest", "-n", "2", "-p", "no:cacheprovider", *tests]
    return subprocess.run(command, cwd=folder, env=_environment(), check=False).returncode


def _tree(commit_name: str, *folders: str) -> bytes:
    made = subprocess.run(
        ["git", "archive", "--format=tar", commit_name, *folders], cwd=ROOT, capture_output=True, check=True
    )
    return made.stdout


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--keep", metavar="COMMIT", help="keep the code of this one, a tag or a hash")
    parser.add_argument(
        "tests", nargs="*", default=BLACK_BOX, help="run these tests of the release that is kept"
    )
    given = parser.parse_args()
    if given.keep:
        keep(given.keep)
        print(f"{ARCHIVE.relative_to(ROOT)}: {ARCHIVE.stat().st_size // 1000} KB of {commit()}")  # noqa: T201
        return 0
    with tempfile.TemporaryDirectory(prefix="spooled-previous-") as folder:
        return run_its_tests(Path(folder), given.tests)


if __name__ == "__main__":
    sys.exit(main())
