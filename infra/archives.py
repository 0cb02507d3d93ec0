"""The artefacts that a deployment uploads."""

import hashlib
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from infra.errors import ConfigError

Architecture = Literal["arm64", "x86_64"]


@dataclass(frozen=True, slots=True)
class Archive:
    """A zip file and the SHA-256 of its bytes, in hexadecimal digits."""

    path: Path
    sha256: str


@dataclass(frozen=True, slots=True)
class Archives:
    """The code, the dependencies of each architecture, and the runtime that both were compiled for."""

    runtime: str
    """`python3.13`: the Python that compiled them; bytecode is of one minor version."""
    code: Archive
    dependencies: Mapping[Architecture, Archive]


ROOT = Path(__file__).parents[1]


def own_architecture() -> Architecture:
    return "arm64" if platform.machine().lower() in {"arm64", "aarch64"} else "x86_64"


def read_archives(architecture: Architecture, dist: Path) -> Archives:
    """What `make package` has left; raises ConfigError when it has left nothing."""
    return Archives(
        f"python{sys.version_info.major}.{sys.version_info.minor}",
        _read(dist / "functions.zip"),
        {architecture: _read(dist / f"dependencies-{architecture}.zip")},
    )


def _read(path: Path) -> Archive:
    if not path.is_file():
        raise ConfigError(
            f"{path} is not there; `make package` makes it, for arm64 with Python 3.12 or later alone"
        )
    return Archive(path, hashlib.sha256(path.read_bytes()).hexdigest())
