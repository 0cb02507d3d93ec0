"""docker-compose.yml as the engine reads it: with its variables put in."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yml"
VARIABLE = re.compile(r"\$(?:(\$)|\{(\w+)(?::-([^}]*))?\})")


def composed(environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The file with these variables set and no others."""
    return _filled(yaml.safe_load(FILE.read_text(encoding="utf-8")), environment or {})


def bind_mounts(service: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What is mounted from the machine, and where."""
    pairs = [mount.split(":")[:2] for mount in service.get("volumes", [])]
    return [(source, target) for source, target in pairs if source.startswith((".", "/"))]


def _filled(value: Any, environment: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(inner, environment) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, environment) for inner in value]
    if isinstance(value, str):
        return VARIABLE.sub(
            lambda found: "$" if found[1] else environment.get(found[2]) or found[3] or "", value
        )
    return value
