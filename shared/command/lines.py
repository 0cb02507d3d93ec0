"""Many jobs from lines: read as they come, sent in bulk, each accounted for."""

from __future__ import annotations

import json
import queue
import threading
import time
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from shared.command.errors import ApiError, CommandError
from shared.command.exits import Exit
from shared.command.payload import json_of, with_payload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from shared.command.api import Api

MOST_JOBS = 500
MOST_BYTES = 500_000
PATIENCE = 0.1
"""Seconds to wait for more lines before those that are there are sent: a slow writer is not kept waiting."""


@dataclass(frozen=True)
class Line:
    """A line of the input, without its end."""

    number: int
    """From 1."""
    raw: bytes


@dataclass(frozen=True)
class Told:
    """What became of a line."""

    line: Line
    job_id: str = ""
    created: bool = False
    error: str = ""


class Lines:
    """The lines of a stream in batches, empty ones left out."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._waiting: queue.Queue[Line | None] = queue.Queue(MOST_JOBS * 2)
        self._fault: OSError | None = None
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        try:
            with self._stream:
                for number, raw in enumerate(self._stream, 1):
                    if raw.strip():
                        self._waiting.put(Line(number, raw.rstrip(b"\r\n")))
        except OSError as error:
            self._fault = error
        self._waiting.put(None)

    def batches(self) -> Iterator[list[Line]]:
        """As many as go into one request, or as there are when no more come for a moment.

        Raises CommandError, behind the last line, for an input that cannot be read to its end.
        """
        batch: list[Line] = []
        size, until = 0, 0.0
        while True:
            try:
                line = self._waiting.get(timeout=max(until - time.monotonic(), 0) if batch else None)
            except queue.Empty:
                yield batch
                batch, size = [], 0
                continue
            if batch and (line is None or len(batch) == MOST_JOBS or size + len(line.raw) > MOST_BYTES):
                yield batch
                batch, size = [], 0
            if line is None:
                if self._fault:
                    raise CommandError(f"The input cannot be read any further: {self._fault.strerror}.")
                return
            if not batch:
                until = time.monotonic() + PATIENCE
            batch.append(line)
            size += len(line.raw)


class LinePusher:
    """Makes a job of each line; tells what is refused for itself, raises what would refuse the rest too."""

    def __init__(
        self, api: Api, queue_name: str, fields: Mapping[str, Any], key: str, *, is_text: bool
    ) -> None:
        """`key` is the head of the jobs' idempotency keys: sent twice, a line is still one job."""
        self._api = api
        self._queue_name = queue_name
        self._fields = fields
        self._key = key
        self._is_text = is_text

    def push(self, batch: list[Line]) -> Iterator[Told]:
        """What became of each line of a batch."""
        jobs: list[tuple[Line, str]] = []
        for line in batch:
            try:
                payload = json_of(line.raw.decode(), is_text=self._is_text)
            except ValueError as error:
                yield Told(line, error=f"not JSON: {error}")
            else:
                fields = {**self._fields, "idempotency_key": f"{self._key}-{line.number}"}
                jobs.append((line, with_payload(fields, payload)))
        if jobs:
            yield from self._send(jobs)

    def _send(self, jobs: list[tuple[Line, str]]) -> Iterator[Told]:
        name = json.dumps(self._queue_name)
        body = f'{{"queue_name":{name},"jobs":[{",".join(job for _, job in jobs)}]}}'
        try:
            answer = self._api.post("/jobs/bulk", body.encode(), repeatable=True)
        except ApiError as error:
            if error.exit is not Exit.FAILED:
                raise
            if len(jobs) == 1:
                yield Told(jobs[0][0], error="; ".join(error.lines()))
                return
            # One of them is at fault, and the others are not to suffer for it.
            half = len(jobs) // 2
            yield from self._send(jobs[:half])
            yield from self._send(jobs[half:])
            return
        for made in answer["succeeded"]:
            yield Told(jobs[made["index"]][0], made["job_id"], bool(made["created"]))
        for refused in answer["failed"]:
            yield Told(jobs[refused["index"]][0], error=str(refused["error"]))


def push_all(
    lines: Lines,
    pusher: LinePusher,
    tell: Callable[[Told], None],
    lost: Callable[[Line], None],
    advance: Callable[[int], None],
) -> CommandError | None:
    """Push all lines; what stopped it before their end, when something did.

    Every line is told or, from where it was stopped, given to `lost`.
    """
    stopped: CommandError | None = None
    for batch in lines.batches():
        open_lines = {line.number: line for line in batch}
        try:
            for told in pusher.push(batch) if stopped is None else ():
                del open_lines[told.line.number]
                tell(told)
        except CommandError as error:
            stopped = error
        for line in open_lines.values():
            lost(line)
        advance(len(batch))
    return stopped
