"""Where `spooled` begins, and where everything that goes wrong becomes words and an exit code."""

import sys
from collections.abc import Sequence

from shared.command.exits import Exit

_OF_THE_EXTRA = {"click", "rich", "httpx"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line, that of this process unless one is given, and return its exit code."""
    try:
        from shared.command.running import run

        return run(arguments)
    except ModuleNotFoundError as missing:
        if missing.name not in _OF_THE_EXTRA:
            raise
        sys.stderr.write(f"The command line needs the package {missing.name}: pip install '.[command]'\n")
        return Exit.FAILED
