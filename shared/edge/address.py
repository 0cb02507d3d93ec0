"""Where this service is reached from outside."""

from shared.edge.call import Call


def public_url(call: Call) -> str:
    """The setting `public_url`, else the address that the request was sent to; no slash at the end."""
    if call.core.settings.public_url:
        return call.core.settings.public_url.rstrip("/")
    scheme = "https" if call.headers.get("x-forwarded-proto") == "https" else "http"
    return f"{scheme}://{call.headers.get('host', 'localhost')}"
