"""The runtime client (awslambdaric) apart from all else that is installed, as in Lambda's `/var/runtime`.

A function must not find a module that its own archive lacks.
"""

import re
from importlib.metadata import distribution
from pathlib import Path

CLIENT = "awslambdaric"


def link_runtime_client(folder: Path) -> Path:
    """Fill the folder with links to the client and to what it needs."""
    for name in (CLIENT, *_needs(CLIENT)):
        for entry in _top_level(name):
            (folder / entry.name).symlink_to(entry)
    return folder


def _needs(name: str) -> list[str]:
    requirements = distribution(name).requires or []
    return [re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in requirements if ";" not in line]


def _top_level(name: str) -> set[Path]:
    found = distribution(name)
    tops = {file.parts[0] for file in found.files or ()}
    code = {top for top in tops if not top.endswith(".dist-info") and top not in {"..", "__pycache__"}}
    return {Path(str(found.locate_file(top))) for top in code}
