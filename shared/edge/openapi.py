"""OpenAPI: FastAPI writes the document from each function's signature and models."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi.routing import APIRoute
from pydantic import BaseModel, Field
from starlette.types import Receive, Scope, Send

from shared.edge.endpoint import Endpoint

_REASONS = {
    400: "A rule of the request is broken; `details` names the fields.",
    401: "No valid credential.",
    403: "The credential lacks the right.",
    404: "Not found, or another organization's.",
    409: "The state does not allow it.",
    413: "The body or payload is too large.",
    422: "A required field is missing or has the wrong type.",
    429: "Rate limit (with Retry-After) or plan limit (code QUOTA_EXCEEDED, without).",
    503: "The database is away for the moment; Retry-After says how long to wait.",
}


class ErrorBody(BaseModel):
    """Every answer that is not 2xx."""

    error: str = Field(description="Text for people; exactly `limit_exceeded` on a plan limit.")
    code: str = Field(description="Machine code.", examples=["VALIDATION_ERROR"])
    message: str = Field(description="Text for people.")
    details: list[dict[str, Any]] | dict[str, Any] | None = None
    resource: str | None = None
    current: int | None = None
    limit: int | None = None
    plan: str | None = None
    upgrade_to: str | None = None


def error_statuses(endpoint: Endpoint) -> list[int]:
    """The error statuses that a route may answer."""
    statuses = {400, 429, 503, *endpoint.errors}
    if endpoint.access != "public":
        statuses |= {401, 403}
    if "{" in endpoint.path:
        statuses.add(404)
    if endpoint.method in {"POST", "PUT", "PATCH"}:
        statuses |= {413}
    if endpoint.body_model or endpoint.query_model:
        statuses.add(422)
    return sorted(statuses)


def document_route(
    endpoint: Endpoint, application: Callable[[Scope, Receive, Send], Awaitable[None]]
) -> APIRoute:
    """A FastAPI route that documents the endpoint and hands its requests to `application`."""

    async def documented() -> None: ...

    documented.__doc__ = endpoint.function.__doc__
    documented.__signature__ = endpoint.documented_signature()  # type: ignore[attr-defined]
    schemes: dict[str, list[dict[str, list[str]]]] = {
        "key": [{"bearer": []}],
        "optional": [{"bearer": []}, {}],
        "admin": [{"adminKey": []}],
        "public": [],
    }
    extra: dict[str, Any] = {"security": schemes[endpoint.access]}
    if endpoint.scope:
        extra["x-permission"] = list(endpoint.scope)
    api_route = APIRoute(
        endpoint.path,
        documented,
        methods=[endpoint.method],
        status_code=endpoint.status,
        response_model=endpoint.answer,
        operation_id=endpoint.operation_id,
        tags=[endpoint.tag],
        responses={
            status: {"model": ErrorBody, "description": _REASONS[status]}
            for status in error_statuses(endpoint)
        },
        openapi_extra=extra,
    )
    api_route.app = application
    return api_route
