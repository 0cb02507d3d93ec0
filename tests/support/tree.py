"""A copy of the function files, small enough to declare many times, and to take something away from."""

import shutil
from pathlib import Path

from infra.concurrency import HOT, WAITING
from infra.declared import FUNCTIONS, read_functions


def small_tree(folder: Path) -> Path:
    """What jobs pass through, all that is no route of the API, and all that uses more than the database."""
    for found in read_functions():
        if found.name in HOT | WAITING or found.kind != "route" or found.uses:
            target = folder / found.area / f"{found.verb}.py"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(FUNCTIONS / found.area / target.name, target)
    return folder
