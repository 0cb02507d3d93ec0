"""Server-sent events, read for as long as anybody wants them: what breaks is made again, without a gap."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from shared.command.api import TRIES
from shared.command.connection import error_of, stranger
from shared.command.errors import ApiError, CommandError, UnreachableError
from shared.command.patience import pause_before

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from shared.command.api import Api
    from shared.command.output import Output

_SILENT_SECONDS = 45.0
"""The service says at least every 15 seconds that it is still there."""
_THE_END = "end"


@dataclass(frozen=True)
class Event:
    """Something that happened. id: where it stands, empty for what stands nowhere."""

    id: str
    type: str
    data: Mapping[str, Any]


def follow(
    api: Api, out: Output, wanted: Mapping[str, str | None], last: str | None = None
) -> Iterator[Event]:
    """Events from now on, or behind the one of the id `last`, until there can be no more.

    Raises CommandError when the service cannot be reached at all, or refuses.
    """
    query = {name: value for name, value in wanted.items() if value is not None}
    attempt, was_there = 1, False
    problem: CommandError | None
    while last != _THE_END:
        problem = None
        try:
            for position, event in _stream(api, query, last):
                attempt, was_there, last = 1, True, position or last
                if event is not None:
                    yield event
        except httpx.HTTPError as error:
            problem = api.connection.unreachable(error)
        except UnreachableError as error:
            problem = error
        except ApiError as error:
            if not error.may_pass:
                raise
            problem = error
        if last == _THE_END:
            return
        attempt += 1
        if problem is not None and not was_there and attempt > TRIES:
            raise problem
        _wait(out, attempt, problem)


def frames(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The id, empty when it has none, and the data of each frame; a comment is a frame without either."""
    position = ""
    data: list[str] = []
    for line in lines:
        if not line:
            yield position, "\n".join(data)
            position, data = "", []
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "id":
            position = value
        elif name == "data":
            data.append(value)


def _stream(api: Api, query: Mapping[str, str], last: str | None) -> Iterator[tuple[str, Event | None]]:
    headers = {"Last-Event-ID": last} if last else {}
    timeout = httpx.Timeout(api.connection.seconds, read=_SILENT_SECONDS)
    with api.client.stream(
        "GET", api.connection.path("/events"), params=query, headers=headers, timeout=timeout
    ) as response:
        if not response.is_success:
            response.read()
            raise error_of(response)
        if not response.headers.get("Content-Type", "").startswith("text/event-stream"):
            raise stranger(api.connection.url)
        for position, data in frames(response.iter_lines()):
            if not data:
                yield position, None
                continue
            told = json.loads(data)
            yield position, Event(position, told["type"], told["data"])


def _wait(out: Output, attempt: int, problem: CommandError | None) -> None:
    pause = pause_before(attempt, problem)
    said = problem.message if problem else "The service closed the connection."
    out.note(f"{said} Trying again in {pause:.1f} s.")
    time.sleep(pause)
