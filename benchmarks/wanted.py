"""The figures that are wanted, and the modules that measure them."""

import os
import re
from pathlib import Path

FOLDER = Path(__file__).parent
WANTED = {
    "P1": "create one job over HTTP",
    "P2": "dequeue and complete over HTTP, one job at a time",
    "P3": "the life of a job over HTTP, in batches of 100",
    "P4": "create one job, beside other queues on PostgreSQL",
    "P5": "work off jobs, beside other queues on PostgreSQL",
    "P6": "claim from a large backlog",
    "P7": "claim under an old snapshot",
    "P8": "pick a job up while idle",
    "P9": "a thousand organizations at once",
    "P10": "one organization floods another",
    "P11": "cold start of a function",
    "P12": "memory",
    "P13": "cost of a million jobs",
}
NOT_MEASURED: dict[str, str] = {}
"""Why a wanted figure has no module."""
NEEDS = {"P4": "PEERS", "P5": "PEERS"}
"""The setting without which a module is left out: the other queues are no part of this project."""


def why_not(name: str) -> str | None:
    """Why a figure is left out of this run; None when it is not."""
    setting = NEEDS.get(name)
    return f"give {setting}=DIR" if setting and setting not in os.environ else None


def modules() -> dict[str, str]:
    """The module that measures each figure, by the figure's name: `benchmarks/p01_create.py` measures P1."""
    found = {}
    for path in sorted(FOLDER.glob("p[0-9][0-9]_*.py")):
        number = re.match(r"p(\d\d)_", path.name)
        assert number
        found[f"P{int(number[1])}"] = f"benchmarks.{path.stem}"
    return found
