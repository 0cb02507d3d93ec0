"""`make docs`: writes docs/api.md, all routes by group, from what the functions say about themselves."""

from itertools import groupby
from pathlib import Path
from typing import Any

from functions.app import every_function
from functions.streams.app import every_stream
from shared.edge.openapi import document

PAGE = Path(__file__).parents[1] / "docs" / "api.md"
_INTRODUCTION = """\
# The API, route by route

Written by `make docs` from the function files. Fields, answers, errors and a command to paste for each \
route are on `/docs` of the running service; for programs they are in `/openapi.json`.

Every request but the public ones carries `Authorization: Bearer <API key or access token>`. A key without \
`permissions` may do everything in its organization; else it needs the one that the table names (of several, \
one). A list is a bare array; `limit` and `offset` turn its pages. A time without an offset is in UTC. Every \
error has `code`, `message` and `error`, and every answer the header `X-Request-Id`.
"""
_ACCESS = {"bearer": "any", "adminKey": "`X-Admin-Key`", "webhookToken": "`X-Webhook-Token`"}


def api_page(described: dict[str, Any]) -> str:
    """The page, from the OpenAPI document."""
    intros = {tag["name"]: tag["description"] for tag in described["tags"]}
    rows = [
        (operation["tags"][0], _row(method, path, operation))
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    ]
    rows.sort(key=lambda row: row[0])
    parts = [_INTRODUCTION]
    for group, found in groupby(rows, key=lambda row: row[0]):
        lines = "\n".join(row for _, row in found)
        title = group[:1].upper() + group[1:]
        parts.append(f"## {title}\n\n{intros[group]}\n\n| Route | Permission | |\n|---|---|---|\n{lines}\n")
    return "\n".join(parts)


def _row(method: str, path: str, operation: dict[str, Any]) -> str:
    text = " ".join(operation["description"].split()).replace("|", "\\|")
    return f"| `{method.upper()} {path}` | {_permission(operation)} | {text} |"


def _permission(operation: dict[str, Any]) -> str:
    if words := operation.get("x-permission"):
        return ", ".join(f"`{word}`" for word in words)
    ways = operation["security"]
    if not ways or {} in ways:
        return "public"
    return ", ".join(_ACCESS.get(name, "signature") for way in ways for name in way)


def current_page() -> str:
    """The page as the functions are now."""
    return api_page(document([*every_function()[0], *(stream.endpoint for stream in every_stream())]))


if __name__ == "__main__":
    PAGE.write_text(current_page(), encoding="utf-8")
