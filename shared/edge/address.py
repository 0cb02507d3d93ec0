"""Where this service is reached from outside."""

from shared.edge.call import Call
from shared.errors import InvalidInputError


def public_url(call: Call) -> str:
    """The setting `public_url`, else the address that the request was sent to; no slash at the end."""
    if call.core.settings.public_url:
        return call.core.settings.public_url.rstrip("/")
    scheme = "https" if call.headers.get("x-forwarded-proto") == "https" else "http"
    return f"{scheme}://{call.headers.get('host', 'localhost')}"


def require_https(call: Call) -> None:
    """Raise InvalidInputError in production for a request of which a proxy says that it came in the clear."""
    came_by = call.headers.get("x-forwarded-proto", "https").partition(",")[0].strip().lower()
    if came_by != "https" and not call.core.settings.development:
        raise InvalidInputError.of_field(
            "X-Forwarded-Proto", "is not https: send webhooks to the https address", "https_required"
        )
