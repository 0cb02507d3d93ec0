"""The headers of a request."""

from collections.abc import Mapping

from starlette.types import Scope

_HEADERS = "spooled.headers"


def read_headers(scope: Scope) -> Mapping[str, str]:
    """By their lower-case names, and kept with the request.

    What is sent several times is joined by commas, as in the cloud: two credentials are none, anywhere.
    """
    known: dict[str, str] | None = scope.get(_HEADERS)
    if known is None:
        known = scope[_HEADERS] = {}
        for raw_name, raw_value in scope["headers"]:
            name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
            known[name] = f"{known[name]},{value}" if name in known else value
    return known
