"""Where `spooled` begins, and where everything that goes wrong becomes words and an exit code."""

import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper

from shared.command.exits import Exit

_OF_THE_EXTRA = {"click", "rich", "httpx"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line, that of this process unless one is given, and return its exit code."""
    _open_what_is_closed()
    _write_what_there_is()
    try:
        from shared.command.running import run

        return run(arguments)
    except ModuleNotFoundError as missing:
        if missing.name not in _OF_THE_EXTRA:
            raise
        sys.stderr.write(f"The command line needs the package {missing.name}: pip install '.[command]'\n")
        return Exit.FAILED


def _open_what_is_closed() -> None:
    # A daemon may start with closed standard streams, which Python then lacks. As gnulib's `stdopen` does.
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: PTH123, SIM115 - until the process ends
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 - as above


def _write_what_there_is() -> None:
    # As Python itself does on standard error, where an encoding lacks a character.
    if isinstance(sys.stdout, TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")
