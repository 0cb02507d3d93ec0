"""Cross-origin requests: any origin, since credentials travel in a header and never in a cookie."""

from collections.abc import Mapping

from starlette.types import Scope

from shared.edge.answer import Answer

ALLOW_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
ALLOW_HEADERS = (
    "Authorization",
    "Content-Type",
    "X-Admin-Key",
    "X-Organization-ID",
    "Idempotency-Key",
    "Last-Event-ID",
    "X-Request-Id",
    "X-Webhook-Token",
    "traceparent",
    "tracestate",
)
EXPOSE_HEADERS = (
    "X-Request-Id",
    "X-Has-More",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "X-RateLimit-Scope",
    "Retry-After",
)
MAX_AGE_SECONDS = 86_400

CORS_HEADERS = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", ", ".join(EXPOSE_HEADERS).encode()),
]


def is_preflight(scope: Scope, headers: Mapping[str, str]) -> bool:
    return scope["method"] == "OPTIONS" and "access-control-request-method" in headers


def preflight_answer() -> Answer:
    """What a browser asks before it sends a request of another origin."""
    return Answer(
        status=204,
        headers={
            "access-control-allow-methods": ", ".join(ALLOW_METHODS),
            "access-control-allow-headers": ", ".join(ALLOW_HEADERS),
            "access-control-max-age": str(MAX_AGE_SECONDS),
        },
    )
