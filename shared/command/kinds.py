"""Kinds of values on the command line."""

import json
import re
from datetime import UTC, datetime, timedelta
from math import isfinite
from pathlib import Path
from typing import Any

import click

from shared.key_form import KEY_PREFIXES

_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w)")


class Duration(click.ParamType[float]):
    """Seconds, as `90`, `90s`, `5m`, `1h30m` or `2d`."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, (int, float)):
            return float(value)
        text = str(value).strip().lower()
        if re.fullmatch(r"\d+(\.\d+)?", text):
            text += "s"
        seconds = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
        if not text or _PART.sub("", text) or not isfinite(seconds):
            self.fail(f"{value!r} is no duration; write 90, 90s, 5m, 1h30m or 2d", param, ctx)
        return seconds


class Instant(click.ParamType[datetime]):
    """A point in time: ISO 8601, in the local zone unless it names another, or `+5m` from now."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        text = str(value).strip()
        try:
            if text[:1] in {"+", "-"}:
                seconds = Duration().convert(text[1:], param, ctx)
                return datetime.now(UTC) + timedelta(seconds=seconds if text[0] == "+" else -seconds)
            return datetime.fromisoformat(text).astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail(
                f"{value!r} is no time; write 2026-05-01T09:00, with +02:00 or Z for a zone", param, ctx
            )


class Since(Instant):
    """A point in time, or how long ago it was: `90m`, `2d`."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        text = str(value).strip().lower()
        if _PART.match(text) and not _PART.sub("", text):
            return super().convert(f"-{text}", param, ctx)
        return super().convert(value, param, ctx)


class KeyFile(click.Path):
    """A file with a key in it, that is there."""

    def __init__(self) -> None:
        super().__init__(exists=True, dir_okay=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if is_key(str(value)):
            self.fail("that is a key itself, and no file with one in it", param, ctx)
        return super().convert(value, param, ctx)


def is_key(text: str) -> bool:
    """Whether it begins as keys do: what is said of it must not repeat it."""
    return text.startswith(KEY_PREFIXES)


def parsed_json(text: str) -> Any:
    """The value of a JSON text; ValueError for one that is none, NaN and the like included."""

    def refuse(name: str) -> Any:
        raise ValueError(f"{name} is not JSON")

    try:
        return json.loads(text, parse_constant=refuse)
    except RecursionError:
        raise ValueError("nested too deeply") from None


DURATION = Duration()
INSTANT = Instant()
SINCE = Since()
KEY_FILE = KeyFile()
