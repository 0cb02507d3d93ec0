"""The file of a stack, `Pulumi.STACK.yaml`, for those who read it without the engine."""

import json
from typing import Any

import yaml

from infra.archives import ROOT
from infra.config import PROJECT

FOLDER = ROOT / "infra"


def stacks() -> list[str]:
    return sorted(path.name.split(".")[1] for path in FOLDER.glob("Pulumi.*.yaml"))


def stack_config(stack: str) -> dict[str, Any]:
    """All of the file's configuration, by name with its namespace."""
    text = (FOLDER / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8")
    config: dict[str, Any] = yaml.safe_load(text)["config"]
    return config


def own_values(config: dict[str, Any]) -> dict[str, str]:
    """The project's own values as the engine gives them to `Config.read`: text, JSON for what has parts."""
    own = f"{PROJECT}:"
    return {
        name.removeprefix(own): value if isinstance(value, str) else json.dumps(value)
        for name, value in config.items()
        if name.startswith(own)
    }
