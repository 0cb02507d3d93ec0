"""The whole suite as CI runs it: few failures are asked again, alone and with new servers, before they count.

Run as `python -m tests.support.suite`, with arguments of pytest.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

FAILED = 1
"""pytest's exit code when tests ran and some failed; each other one is final."""
MOST = 4
"""With more failures something is wrong, and not somebody's turn on a slow machine."""
FOUND_BY_CHANCE = ("tests/property/", "tests/chaos/", "tests/model/")
"""A counterexample stands, though the next draw may miss it."""
LAST_FAILED = Path(".pytest_cache/v/cache/lastfailed")


def main(arguments: Sequence[str]) -> int:
    """The exit code of the suite: that of pytest, but 0 where all that failed passed when it was alone."""
    code = _pytest(*arguments, "--cache-clear")
    if code != FAILED:
        return code
    failed: list[str] = sorted(json.loads(LAST_FAILED.read_text()))
    if not may_be_asked_again(failed):
        return code
    print(f"\nFailed, and asked again, alone and with new servers: {', '.join(failed)}", flush=True)  # noqa: T201 - a program
    code = _pytest("--verbosity=0", *failed)
    if code == 0:
        print("Failed beside other tests and passed alone, to be mended: " + ", ".join(failed), flush=True)  # noqa: T201 - a program
    return code


def may_be_asked_again(failed: Sequence[str]) -> bool:
    """Few, whole tests, and none that looks for counterexamples."""
    whole = all("::" in name for name in failed)
    return whole and 0 < len(failed) <= MOST and not any(name.startswith(FOUND_BY_CHANCE) for name in failed)


def _pytest(*arguments: str) -> int:
    return subprocess.run([sys.executable, "-m", "pytest", *arguments], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
