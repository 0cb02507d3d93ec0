"""Requests of a command, one after the other."""

import time
from collections.abc import Iterator, Mapping
from typing import Any

import httpx

from shared.command.connection import Connection, answer_of
from shared.command.errors import ApiError, UnreachableError
from shared.command.output import Output
from shared.command.patience import pause_before

TRIES = 4
LARGEST_PAGE = 1000


class Api:
    """The service, for a command.

    Each method returns the JSON of the answer, None when it has none, and raises ApiError or
    UnreachableError. A path may leave out `/api/v1`.
    """

    def __init__(self, connection: Connection, out: Output) -> None:
        self.connection = connection
        self.client = httpx.Client(**connection.settings())
        self._out = out

    def close(self) -> None:
        self.client.close()

    def get(self, path: str, **query: Any) -> Any:
        """A query value of None is left out."""
        return self.request("GET", path, query=query, repeatable=True)

    def post(self, path: str, body: Any = None, *, repeatable: bool = False) -> Any:
        """`body`: a JSON value, or its text as bytes.

        `repeatable`: whether it may be sent again when it is unknown what became of the first one.
        """
        return self.request("POST", path, body={} if body is None else body, repeatable=repeatable)

    def put(self, path: str, body: Any) -> Any:
        return self.request("PUT", path, body=body, repeatable=True)

    def delete(self, path: str, **query: Any) -> Any:
        return self.request("DELETE", path, query=query)

    def pages(self, path: str, most: int | None = None, **query: Any) -> Iterator[dict[str, Any]]:
        """The entries of a list, page after page, at most so many."""
        seen = 0
        while most is None or seen < most:
            size = LARGEST_PAGE if most is None else min(LARGEST_PAGE, most - seen)
            page = self.get(path, **query, limit=size, offset=seen)
            yield from page
            seen += len(page)
            if len(page) < size:
                return

    def request(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        query: Mapping[str, Any] | None = None,
        repeatable: bool = False,
    ) -> Any:
        """Send a request; one refused for its rate, or a repeatable one, is tried again a few times."""
        asked = {name: value for name, value in (query or {}).items() if value is not None}
        for attempt in range(1, TRIES + 1):
            try:
                return self._once(method, path, body, asked)
            except (ApiError, UnreachableError) as error:
                is_limited = isinstance(error, ApiError) and error.status == httpx.codes.TOO_MANY_REQUESTS
                may_pass = not isinstance(error, ApiError) or error.may_pass
                if attempt == TRIES or not may_pass or not (repeatable or is_limited):
                    raise
                pause = pause_before(attempt + 1, error)
                self._out.note(f"{error.message} Trying again in {pause:.1f} s.")
                time.sleep(pause)
        raise AssertionError

    def _once(self, method: str, path: str, body: Any, query: Mapping[str, Any]) -> Any:
        try:
            response = self.client.request(method, self.connection.path(path), params=query, **_content(body))
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise self.connection.unreachable(error) from error
        return answer_of(response)


def _content(body: Any) -> dict[str, Any]:
    if isinstance(body, bytes):
        return {"content": body, "headers": {"Content-Type": "application/json"}}
    return {} if body is None else {"json": body}
