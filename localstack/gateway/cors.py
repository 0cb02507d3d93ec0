"""CORS as an HTTP API does it once it is configured: by itself, whatever the functions say of it."""

from collections.abc import Mapping
from dataclasses import replace

from localstack.cloud.deployed import DeployedCors
from localstack.gateway.answer import HttpAnswer

_PREFIX = "access-control-"


def preflight_answer(cors: DeployedCors, method: str, headers: Mapping[str, str]) -> HttpAnswer | None:
    """What a browser is told before its request; None when this is another request.

    An origin that is not allowed gets a 204 without any of the headers, which says no.
    """
    if method != "OPTIONS" or "origin" not in headers or "access-control-request-method" not in headers:
        return None
    allowed = _allowed_origin(cors, headers["origin"])
    if allowed is None:
        return HttpAnswer(204)
    return HttpAnswer(
        204,
        {
            "access-control-allow-origin": allowed,
            "access-control-allow-methods": ",".join(cors.allow_methods),
            "access-control-allow-headers": ",".join(cors.allow_headers),
            "access-control-max-age": str(cors.max_age_seconds),
        },
    )


def with_cors(cors: DeployedCors, answer: HttpAnswer, origin: str | None) -> HttpAnswer:
    """The answer with the CORS headers of the configuration in place of the function's own."""
    headers = {name: value for name, value in answer.headers.items() if not name.startswith(_PREFIX)}
    allowed = None if origin is None else _allowed_origin(cors, origin)
    if allowed is not None:
        headers["access-control-allow-origin"] = allowed
        if cors.expose_headers:
            headers["access-control-expose-headers"] = ",".join(cors.expose_headers)
    return replace(answer, headers=headers)


def _allowed_origin(cors: DeployedCors, origin: str) -> str | None:
    if "*" in cors.allow_origins:
        return "*"
    scheme = origin.partition("://")[0]
    return origin if {origin, f"{scheme}://*"} & set(cors.allow_origins) else None
