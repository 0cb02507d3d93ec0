"""OpenAPI: FastAPI writes the document from each function's signature and models."""

import inspect
import sys
from collections.abc import Iterable
from typing import Annotated, Any, get_type_hints

from fastapi import Path, Query
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field

from shared.edge.endpoint import Endpoint, Function
from shared.edge.published import complete
from shared.edge.published.responses import HEADERS
from shared.version import VERSION

_REASONS = {
    400: "A rule of the request is broken; `details` names the fields.",
    401: "No valid credential.",
    403: "The credential lacks the right.",
    404: "Not found, or another organization's.",
    408: "The request stopped before its body did.",
    409: "The state does not allow it.",
    413: "The body or payload is too large.",
    426: "Asked without an upgrade to WebSocket.",
    422: "A required field is missing or has the wrong type.",
    429: "Rate limit (with Retry-After) or plan limit (code QUOTA_EXCEEDED, without).",
    503: "The database is away for the moment; Retry-After says how long to wait.",
}
_ALSO = {304: "The copy that `If-None-Match` names is still good; no body."}

_SECURITY_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An API key or an access token."},
    "queryToken": {
        "type": "apiKey",
        "in": "query",
        "name": "token",
        "description": "The same, for browsers, which cannot send a header with it; of streams alone.",
    },
    "adminKey": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Admin-Key",
        "description": "The setting ADMIN_API_KEY of the service.",
    },
    "webhookToken": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Webhook-Token",
        "description": "The token of `GET /organizations/webhook-token`.",
    },
    "githubSignature": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Hub-Signature-256",
        "description": "`sha256=` and the hex HMAC-SHA256 of the raw body with the secret.",
    },
    "stripeSignature": {
        "type": "apiKey",
        "in": "header",
        "name": "Stripe-Signature",
        "description": "`t=<Unix seconds>,v1=<hex HMAC-SHA256 of t, a dot and the raw body>`.",
    },
}
_DESCRIPTION = (
    "A job queue as a service: push jobs by HTTP, take them with workers in any language. Many fields have"
    " two names, such as `queue_name` and `queue`: send either, both are in the answers. Unknown fields are"
    " ignored, and a null is an absent field."
)
# Behind a validator pydantic writes a bound under the validator's name for it.
_BOUNDS = {"ge": "minimum", "le": "maximum", "gt": "exclusiveMinimum", "lt": "exclusiveMaximum"}


class ErrorBody(BaseModel):
    """Every answer that is not 2xx. The fields from `resource` on belong to a plan limit."""

    error: str = Field(description="Text for people; exactly `limit_exceeded` on a plan limit.")
    code: str = Field(description="Machine code.", examples=["VALIDATION_ERROR"])
    message: str = Field(description="Text for people.")
    details: list[dict[str, Any]] | dict[str, Any] | None = Field(
        default=None, description="For broken rules a list of `field`, `message`, `code`; else an object."
    )
    resource: str | None = Field(default=None, description="What is used up.")
    current: int | None = Field(default=None, description="How much of it there is.")
    limit: int | None = Field(default=None, description="How much the plan allows.")
    plan: str | None = Field(default=None, description="The organization's plan.")
    upgrade_to: str | None = Field(default=None, description="The next plan, which allows more.")


def error_statuses(endpoint: Endpoint) -> list[int]:
    """The error statuses that a route may answer."""
    statuses = {400, 429, 503, *endpoint.errors}
    if endpoint.access != "public":
        statuses |= {401, 403}
    if "{" in endpoint.path:
        statuses.add(404)
    if endpoint.method in {"POST", "PUT", "PATCH"}:
        statuses |= {408, 413}
    if endpoint.body_model or endpoint.query_model:
        statuses.add(422)
    return sorted(statuses)


def _documented(endpoint: Endpoint) -> APIRoute:
    """A route that FastAPI writes about; it serves nothing."""

    async def documented() -> None: ...

    documented.__doc__ = endpoint.function.__doc__
    documented.__signature__ = _signature(endpoint.function)  # type: ignore[attr-defined]
    schemes: dict[str, list[dict[str, list[str]]]] = {
        "key": [{"bearer": []}, *_alone(endpoint.proof)],
        "optional": [{"bearer": []}, {}],
        "admin": [{"adminKey": []}],
        "public": _alone(endpoint.proof),
    }
    extra: dict[str, Any] = {"security": schemes[endpoint.access]}
    if endpoint.scope:
        extra["x-permission"] = list(endpoint.scope)
    return APIRoute(
        endpoint.path,
        documented,
        methods=[endpoint.method],
        status_code=endpoint.status,
        response_model=endpoint.answer,
        operation_id=endpoint.operation_id,
        summary=summary(endpoint),
        tags=[endpoint.tag],
        responses=_responses(endpoint),
        openapi_extra=extra,
    )


def _alone(names: Iterable[str]) -> list[dict[str, list[str]]]:
    """Each of these security schemes is enough by itself."""
    return [{name: []} if name != "none" else {} for name in names]


def _signature(function: Function) -> inspect.Signature:
    """The signature as OpenAPI should see it: path parameters, query model and body, no `call`."""
    kept = []
    hints: dict[str, Any] = get_type_hints(function, include_extras=True)
    for name, parameter in inspect.signature(function).parameters.items():
        if name == "call":
            continue
        annotation = hints[name]
        if name == "query":
            annotation = Annotated[annotation, Query()]
        elif name != "body":
            annotation = Annotated[annotation, Path()]
        kept.append(parameter.replace(annotation=annotation, kind=inspect.Parameter.KEYWORD_ONLY))
    return inspect.Signature(kept)


def summary(endpoint: Endpoint) -> str:
    """What stands behind the route in the first line of its file."""
    headline = (sys.modules[endpoint.function.__module__].__doc__ or "").partition("\n")[0]
    text = headline.partition(": ")[2].rstrip(".")
    return text[:1].upper() + text[1:]


def document(endpoints: Iterable[Endpoint]) -> dict[str, Any]:
    """The OpenAPI document of the routes."""
    declared = sorted(endpoints, key=lambda endpoint: endpoint.precedence)
    described: dict[str, Any] = get_openapi(
        title="Spooled",
        version=VERSION,
        summary="A job queue as a service.",
        description=_DESCRIPTION,
        routes=[_documented(endpoint) for endpoint in declared],
        servers=[{"url": "/", "description": "Where this document comes from."}],
        tags=_groups(declared),
    )
    components = described["components"]
    components["securitySchemes"] = _SECURITY_SCHEMES
    components["headers"] = HEADERS
    _name_bounds(described)
    complete(described, {endpoint.operation_id: endpoint for endpoint in declared})
    return described


def _groups(endpoints: list[Endpoint]) -> list[dict[str, str]]:
    """The tags, each with what its folder says about itself."""
    packages = {endpoint.tag: endpoint.function.__module__.rpartition(".")[0] for endpoint in endpoints}
    return [
        {"name": tag, "description": " ".join((sys.modules[package].__doc__ or "").split())}
        for tag, package in sorted(packages.items())
    ]


def _name_bounds(node: Any) -> None:
    if isinstance(node, list):
        for item in node:
            _name_bounds(item)
    elif isinstance(node, dict):
        for name, standard in _BOUNDS.items():
            if isinstance(node.get(name), int | float):
                node[standard] = node.pop(name)
        for item in node.values():
            _name_bounds(item)


def _responses(endpoint: Endpoint) -> dict[int | str, dict[str, Any]]:
    same: dict[int | str, dict[str, Any]] = {
        status: {"model": endpoint.answer, "description": _ALSO.get(status, "The same answer.")}
        for status in endpoint.also
    }
    errors: dict[int | str, dict[str, Any]] = {
        status: {"model": ErrorBody, "description": _REASONS[status]} for status in error_statuses(endpoint)
    }
    return {**same, **errors}
