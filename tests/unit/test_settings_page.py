"""docs/settings.md is the settings, no more and no less."""

from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Le
from pydantic.fields import FieldInfo

from shared.settings import Settings

PAGE = Path(__file__).parents[2] / "docs/settings.md"
UNITS = {"seconds": "seconds", "ms": "milliseconds", "hours": "hours", "days": "days", "bytes": "bytes"}


def unit(name: str, field: FieldInfo) -> str:
    if get_origin(field.annotation) is Literal:
        return " or ".join(f"`{choice}`" for choice in get_args(field.annotation))
    if bool in {field.annotation, *get_args(field.annotation)}:
        return "`true` or `false`"
    if field.annotation is str:
        return "text"
    return UNITS.get(name.rpartition("_")[2], "number") + bounds(field.metadata)


def bounds(metadata: list[Any]) -> str:
    least = next((str(rule.ge) for rule in metadata if isinstance(rule, Ge)), "")
    most = next((str(rule.le) for rule in metadata if isinstance(rule, Le)), "")
    return f", {least} to {most}" if most else f", {least} or more"


def default(value: Any) -> str:
    if value is None:
        return "unset"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`" if value != "" else "empty"


def table() -> str:
    rows = ["| Variable | Default | Unit | What it does |", "|---|---|---|---|"]
    for name, field in Settings.model_fields.items():
        what = f"`{name.upper()}` | {default(field.default)} | {unit(name, field)} | {field.description}"
        rows.append(f"| {what} |")
    return "\n".join(rows)


def test_settings_page_has_every_setting() -> None:
    """Each setting stands in the page with its default, unit and meaning; the failure shows what to paste."""
    page = PAGE.read_text(encoding="utf-8")

    assert table() == page[page.index("| Variable") :].strip()
