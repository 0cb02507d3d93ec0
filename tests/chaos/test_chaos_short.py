"""The crash tests in short: each kind of kill and of cut once, in an order that differs from run to run."""

import subprocess
import sys
from pathlib import Path

from tests.support.run import ROOT

LONGEST_SECONDS = 600.0


def test_what_was_acknowledged_holds_whatever_is_killed_or_cut(tmp_path: Path) -> None:
    """No acknowledged job is lost or done twice, and keys, slots, steps, cancels and events are kept."""
    # In a process of its own, which says to gRPC that it will fork.
    ended = subprocess.run(
        [sys.executable, "-m", "tests.chaos", "--short", "--folder", tmp_path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
        check=False,
    )

    assert ended.returncode == 0, f"{ended.stdout}\n{ended.stderr}"
    assert " acknowledged, " in ended.stdout
