"""`/openapi.json` and `/docs`: the API to read, for programs and for people. No script, no other host."""

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from html import escape
from itertools import groupby
from pathlib import Path
from string import Template
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from shared.edge.answer import JSON
from shared.edge.endpoint import Endpoint
from shared.edge.guards import DENY_ALL

Schema = dict[str, Any]
_LAYOUT = Path(__file__).with_name("documentation.html")


def documentation_routes(endpoints: Sequence[Endpoint]) -> list[BaseRoute]:
    """The two routes; their texts are made at the first reading and kept."""

    @cache
    def described() -> bytes:
        from shared.edge.openapi import document  # noqa: PLC0415 - FastAPI is there for readers alone

        return orjson.dumps(document(endpoints))

    @cache
    def page() -> str:
        return render(orjson.loads(described()))

    async def openapi(_request: Request) -> Response:
        return Response(described(), media_type=JSON)

    async def docs(_request: Request) -> Response:
        return Response(page(), media_type="text/html", headers=_page_headers(page()))

    return [Route("/openapi.json", openapi), Route("/docs", docs)]


def _page_headers(page: str) -> dict[str, str]:
    """The page runs no script and may have its own style, which the policy knows by its hash."""
    style = page.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"{DENY_ALL}; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return {"content-security-policy": policy, "cache-control": "no-cache"}


def render(described: Schema) -> str:
    """The page: routes by tag, each with its fields, answers and a command to paste, then all models."""
    operations = [
        (operation["tags"][0], method.upper(), path, operation)
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    ]
    # Stable: within a tag the routes stay in the order of the document.
    operations.sort(key=lambda entry: entry[0])
    contents, sections = [], []
    for tag, group in groupby(operations, key=lambda entry: entry[0]):
        anchor = tag.replace(" ", "-")
        contents.append(f'<a href="#{anchor}">{escape(tag)}</a>')
        entries = "".join(_operation(described, *entry[1:]) for entry in group)
        sections.append(f'<h2 id="{anchor}">{escape(tag.capitalize())}</h2>{entries}')
    models = "".join(
        f'<h3 id="model-{name}">{name}</h3><p>{escape(model.get("description", ""))}</p>{_fields(model)}'
        for name, model in described["components"]["schemas"].items()
    )
    return Template(_LAYOUT.read_text(encoding="utf-8")).substitute(
        title=escape(described["info"]["title"]),
        version=escape(described["info"]["version"]),
        description=escape(described["info"]["description"]),
        contents=" · ".join(contents),
        operations="".join(sections),
        models=models,
    )


def _operation(described: Schema, method: str, path: str, operation: Schema) -> str:
    from shared.edge.published.example import curl_example  # noqa: PLC0415 - only for who reads it
    from shared.edge.published.responses import is_good  # noqa: PLC0415 - as above

    parts = [f"<p>{_text(operation.get('description', ''))}</p>"]
    if words := operation.get("x-permission"):
        parts.append(f"<p>Permission: {' or '.join(f'<code>{word}</code>' for word in words)}</p>")
    if parameters := operation.get("parameters"):
        rows = [
            (parameter["name"], parameter["schema"], parameter["required"], parameter["in"])
            for parameter in parameters
        ]
        parts.append(f"<h4>Parameters</h4>{_table(rows)}")
    if body := operation.get("requestBody"):
        parts.append(f"<h4>Request</h4>{_content(described, body)}")
    parts.append(f"<h4>Try it</h4><pre>{escape(curl_example(described, method, path, operation))}</pre>")
    for status, answer in operation["responses"].items():
        if is_good(status):
            parts.append(f"<h4>Answer {status}</h4>{_content(described, answer)}")
    errors = [
        f"<li><b>{status}</b> {_text(_found(described, answer)['description'])}</li>"
        for status, answer in operation["responses"].items()
        if not is_good(status)
    ]
    return (
        f'<details id="{operation["operationId"]}"><summary><b>{method}</b> <code>{escape(path)}</code> '
        f"{_text(operation['summary'])}</summary>{''.join(parts)}"
        f'<h4>Errors (<a href="#model-Error">Error</a>)</h4><ul>{"".join(errors)}</ul></details>'
    )


def _found(described: Schema, part: Schema) -> Schema:
    """What a reference points to; all else is itself."""
    for name in part.get("$ref", "#").split("/")[1:]:
        part = described = described[name]
    return part


def _content(described: Schema, holder: Schema) -> str:
    """The fields of a body; of anything else than one model, what it is."""
    schema = next((media.get("schema") for media in holder.get("content", {}).values()), None)
    if not schema:
        return "<p>No body.</p>"
    name = schema.get("$ref", "").rpartition("/")[2]
    return _fields(described["components"]["schemas"][name]) if name else f"<p>{_kind(schema)}</p>"


def _fields(model: Schema) -> str:
    required = model.get("required", [])
    rows = [(name, field, name in required, "") for name, field in model.get("properties", {}).items()]
    return _table(rows)


def _table(rows: list[tuple[str, Schema, bool, str]]) -> str:
    lines = [
        f"<tr><td><code>{escape(name)}</code>{'' if required else ' <i>optional</i>'}</td>"
        f"<td>{_kind(field)} {place}</td><td>{_text(_meaning(field))}</td></tr>"
        for name, field, required, place in rows
    ]
    return f"<table>{''.join(lines)}</table>"


def _kind(schema: Schema) -> str:
    """The type in words; models are links."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f'<a href="#model-{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(_kind(choice) for choice in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(f"<code>{escape(str(choice))}</code>" for choice in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    return escape(schema.get("format") or schema.get("type", "any JSON"))


def _meaning(field: Schema) -> str:
    """Description, bounds and default, from wherever in the schema they stand."""
    places = [field, *field.get("anyOf", [])]
    said = {name: value for place in reversed(places) for name, value in place.items()}
    least, most = said.get("minimum"), said.get("maximum")
    bounds = f"{least} to {most}." if most is not None else f"{least} or more." if least is not None else ""
    default = f"Default {said['default']}." if isinstance(said.get("default"), int | float) else ""
    return " ".join(part for part in (said.get("description", ""), bounds, default) if part)


def _text(said: str) -> str:
    """Text in which `backticks` mark code."""
    parts = escape(said).split("`")
    return "".join(f"<code>{part}</code>" if place % 2 else part for place, part in enumerate(parts))
