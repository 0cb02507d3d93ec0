"""Where the service is, who is asking, and what its answers mean."""

import re
import sys
from dataclasses import dataclass, field
from typing import Any

import httpx

from shared.command.errors import ApiError, UnreachableError
from shared.version import VERSION

API = "/api/v1"


@dataclass(frozen=True)
class Connection:
    """A service and a credential."""

    url: str
    api_key: str = field(repr=False, default="")
    seconds: float = 30.0
    """For an answer; a request that waits for something adds to it."""

    def settings(self) -> dict[str, Any]:
        """The arguments of httpx's clients, of both kinds."""
        python = f"{sys.version_info.major}.{sys.version_info.minor}"
        headers = {"User-Agent": f"spooled-command/{VERSION} python/{python}"}
        if self.api_key:
            headers["Authorization"] = f"Bearer {self.api_key}"
        timeout = httpx.Timeout(self.seconds, connect=min(self.seconds, 10.0))
        return {"base_url": self.url, "headers": headers, "timeout": timeout}

    def path(self, path: str) -> str:
        """The whole path of a route that may be given without its beginning."""
        return path if path.startswith((API, "/health", "/metrics")) else API + path

    def unreachable(self, error: httpx.HTTPError | httpx.InvalidURL) -> UnreachableError:
        said = re.sub(r"^\[Errno \d+\] ", "", str(error)).rstrip(".") or type(error).__name__
        return UnreachableError(
            self.url, "no answer in time" if isinstance(error, httpx.TimeoutException) else said
        )


def answer_of(response: httpx.Response) -> Any:
    """The JSON of a success, None when it has none.

    Raises ApiError for an answer that is none, UnreachableError for one that is not the service's, such as
    the page of a proxy.
    """
    if not response.is_success:
        raise error_of(response)
    try:
        return response.json() if response.content else None
    except ValueError:
        raise stranger(str(response.url.join("/"))) from None


def stranger(url: str) -> UnreachableError:
    """What answers at a URL is something else, such as the page of a proxy."""
    return UnreachableError(url, "what answers there is not Spooled")


def error_of(response: httpx.Response) -> ApiError:
    """What an answer that is no success says."""
    try:
        body = response.json()
    except ValueError:
        body = None
    try:
        retry_after = float(response.headers["Retry-After"])
    except (KeyError, ValueError):
        retry_after = None
    return ApiError(response.status_code, body, response.headers.get("X-Request-Id"), retry_after)
