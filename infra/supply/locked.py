"""The packages of the lock files, and what their own metadata says of them."""

import importlib.metadata
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from email.message import Message

ROOT = Path(__file__).parents[2]
LOCKS = ROOT / "requirements"
_LINE = re.compile(r"^([A-Za-z0-9_.-]+)==([^ ;\\]+)", re.MULTILINE)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_NAME = re.compile(r"[A-Za-z0-9_.-]+")
# Of packages that not each machine installs, and of one whose metadata does not say it but in a file.
ELSEWHERE = {
    "async-timeout": "Apache-2.0",
    "atheris": "Apache-2.0",
    "colorama": "BSD-3-Clause",
    "pywin32": "PSF-2.0",
}


@dataclass(frozen=True, slots=True)
class Locked:
    """A package of a lock: the one version that is installed, and the SHA-256 of each of its files."""

    name: str
    version: str
    sha256: tuple[str, ...]


def locked(lock: str) -> dict[str, Locked]:
    """The packages of `requirements/LOCK.txt`, by name."""
    text = (LOCKS / f"{lock}.txt").read_text(encoding="utf-8")
    found = list(_LINE.finditer(text))
    ends = [match.start() for match in found[1:]] + [len(text)]
    return {
        canonical(match[1]): Locked(
            canonical(match[1]), match[2], tuple(_HASH.findall(text[match.start() : end]))
        )
        for match, end in zip(found, ends, strict=True)
    }


def canonical(name: str) -> str:
    """A name as an index writes it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def direct() -> dict[str, list[str]]:
    """What pyproject.toml asks for, and for what: `function`, an extra or a group."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    lists: dict[str, list[Any]] = {
        "function": declared["project"]["dependencies"],
        **declared["project"]["optional-dependencies"],
        **declared["dependency-groups"],
    }
    found: dict[str, list[str]] = {}
    for used_for, wanted in lists.items():
        for one in wanted:
            if isinstance(one, str) and (match := _NAME.match(one)):
                found.setdefault(canonical(match[0]), []).append(used_for)
    return found


def licence_of(name: str) -> str:
    """As the package says it: an SPDX expression, or the words of its classifiers."""
    if name in ELSEWHERE:
        return ELSEWHERE[name]
    said = cast("Message", importlib.metadata.metadata(name))
    expression = said.get("License-Expression")
    if expression:
        return str(expression)
    classifiers = [
        one.rpartition(" :: ")[2] for one in said.get_all("Classifier") or [] if one[:9] == "License :"
    ]
    named = [one for one in classifiers if one != "OSI Approved"]
    return " and ".join(named) or (said.get("License") or "").partition("\n")[0]
