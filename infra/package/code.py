"""The code: functions and core, with the queries, scripts and pages that they read."""

import shutil
import tempfile
from pathlib import Path

from infra.archives import Archive
from infra.declared import LONG_LIVED
from infra.package.archive import write_archive
from infra.package.bytecode import compile_ahead
from infra.package.errors import PackageError

ROOT = Path(__file__).parents[2]
PACKAGES = ("functions", "shared")
KINDS = {".py", ".sql", ".lua", ".html", ".css", ".js"}
OF_STREAMS = (
    f"functions/{LONG_LIVED}",
    "shared/edge/process",
    "shared/edge/rpc",
    "shared/edge/streaming",
    "shared/wire/proto",
    "shared/wire/rpc",
)
"""What only the long-lived service runs, some of it with packages that functions do not have."""
COMMAND_LINE = "shared/command"
"""What runs on the machines of users and operators."""


def build_code(target: Path, root: Path = ROOT) -> Archive:
    """All functions in one archive: each is a handler in it, and an upgrade uploads it once."""
    with tempfile.TemporaryDirectory(prefix="spooled-code-") as scratch:
        folder = Path(scratch)
        for file in code_files(root):
            copy = folder / file.relative_to(root)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
        compile_ahead(folder, "/var/task")
        return write_archive(target / "functions.zip", folder)


def code_files(root: Path = ROOT) -> list[Path]:
    """What goes along; a file of a kind that functions do not read is a mistake."""
    files = [
        file
        for package in PACKAGES
        for file in sorted((root / package).rglob("*"))
        if file.is_file() and file.parent.name != "__pycache__" and not file.name.startswith(".")
        if not any(root / folder in file.parents for folder in (*OF_STREAMS, COMMAND_LINE))
    ]
    strange = [file.relative_to(root).as_posix() for file in files if file.suffix not in KINDS]
    if strange:
        raise PackageError(
            f"no function reads files like {', '.join(strange)}: remove them, or name the kind in {__file__}"
        )
    return files
