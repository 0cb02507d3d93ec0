"""Compiling ahead: an environment that starts finds bytecode, and looks at no source to trust it."""

import os
import subprocess
import sys
from pathlib import Path

from infra.package.errors import PackageError


def compile_ahead(folder: Path, place: str) -> None:
    """Compile all sources under a folder as if they lay in `place`, where tracebacks will name them.

    One process with a fixed hash seed takes them by name: the order of sets and of references in the bytecode
    is then the same each time.
    """
    command = [sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]
    done = subprocess.run(
        [*command, "-s", str(folder), "-p", place, str(folder)],
        env={**os.environ, "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise PackageError(f"cannot compile:\n{done.stdout}{done.stderr}")
