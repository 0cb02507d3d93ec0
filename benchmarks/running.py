"""The modules that measure, each run as a process of its own."""

import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.figure import Figure
from benchmarks.results import Failure

ROOT = Path(__file__).parents[1]
ENDING_SECONDS = 60
"""What a module gets to stop its servers, after it was told to end."""
LAST_LINES = 15


def measured(
    name: str, module: str, rounds: int, longest_seconds: float
) -> tuple[Sequence[Figure], Sequence[Failure]]:
    """The figures of one module, or why there are none. What it says of itself is shown as it comes."""
    arguments = ["-m", module, "--rounds", str(rounds)]
    command = f"python {' '.join(arguments)}"
    child = subprocess.Popen(
        [sys.executable, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        said, complaints = child.communicate(timeout=longest_seconds)
    except subprocess.TimeoutExpired:
        # As by Ctrl-C, so that it stops what it has started.
        child.send_signal(signal.SIGINT)
        try:
            child.communicate(timeout=ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.communicate()
        return (), (Failure(name, command, f"it took longer than {longest_seconds:.0f} seconds"),)
    if child.returncode:
        return (), (Failure(name, command, _end_of(complaints)),)
    *words, last = said.splitlines()
    print("\n".join(words), flush=True)
    figures = [Figure.from_json(fields) for fields in json.loads(last)]
    strangers = {figure.name for figure in figures} - {name}
    if strangers or not figures:
        return (), (Failure(name, command, f"it gave figures of other names: {sorted(strangers)}"),)
    return figures, ()


def _end_of(complaints: str) -> str:
    """The last lines, without the folders of this machine."""
    for folder in (ROOT, sys.prefix):
        complaints = complaints.replace(f"{folder}/", "")
    return "\n".join(complaints.splitlines()[-LAST_LINES:])
