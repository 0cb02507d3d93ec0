"""`spooled push`: a job from an argument, or one for each line of the input."""

from __future__ import annotations

import os
import sys
import uuid
from typing import IO, TYPE_CHECKING, Any

import click

from shared.command.exits import Exit
from shared.command.kinds import DURATION, INSTANT
from shared.command.lines import Line, LinePusher, Lines, Told, push_all
from shared.command.options import command as api_command
from shared.command.options import complete_queue
from shared.command.payload import payload_of, with_payload

if TYPE_CHECKING:
    from datetime import datetime

    from shared.command.api import Api
    from shared.command.output import Output


@api_command("push")
@click.argument("queue", shell_complete=complete_queue)
@click.argument("payload", required=False)
@click.option("--delay", type=DURATION, help="How long from now it is due: 90, 5m, 1h30m.")
@click.option("--at", type=INSTANT, help="When it is due: 2026-05-01T09:00, with +02:00 or Z for a zone.")
@click.option("--priority", type=click.IntRange(-100, 100), help="Higher is sooner.  [default: 0]")
@click.option("--key", help="Idempotency key; with --lines the head of each line's.")
@click.option("--max-retries", type=click.IntRange(0, 100), help="Retries after the first run.")
@click.option("--timeout", type=DURATION, help="How long a run may take.")
@click.option("--tag", "tags", multiple=True, metavar="NAME[=VALUE]", help="What to find it by; repeatable.")
@click.option("--text", is_flag=True, help="The payload is text, not JSON.")
@click.option("--lines", is_flag=True, help="Each line of the input is the payload of a job.")
@click.option("--rejected", type=click.File("wb"), help="With --lines: where lines go that became no job.")
def command(
    api: Api,
    out: Output,
    *,
    queue: str,
    payload: str | None,
    key: str | None,
    text: bool,
    lines: bool,
    rejected: IO[bytes] | None,
    **chosen: Any,
) -> int | None:
    """Push a job, or one for each line of the input.

    PAYLOAD is JSON, `-` for standard input or `@FILE` for a file; without it the job has an empty object. The
    id of the job is printed. An answer that got lost is asked for again, and makes no second job.

    \b
      spooled push emails '{"to": "ada@example.com"}' --delay 5m --tag welcome
      spooled push reports @report.json --key report-42
      zcat orders.jsonl.gz | spooled push orders --lines --rejected bad.jsonl
    """
    fields = _fields(**chosen)
    if lines:
        return _push_lines(api, out, _input(payload), queue, fields, key, rejected, is_text=text)
    if rejected:
        raise click.UsageError("--rejected goes with --lines.")
    try:
        given = payload_of(payload, is_text=text)
    except OSError as error:
        raise click.BadParameter(f"{error.strerror}: {error.filename}", param_hint="PAYLOAD") from error
    except ValueError as error:
        problem = f"not JSON: {error}. For plain text use --text."
        raise click.BadParameter(problem, param_hint="PAYLOAD") from error
    # A key of our own makes it safe to ask again.
    fields |= {"queue_name": queue, "idempotency_key": key or f"push-{uuid.uuid4().hex}"}
    job = api.post("/jobs", with_payload(fields, given).encode(), repeatable=True)
    if out.as_json:
        out.document(job)
    else:
        out.say(job["id"])
        if key and not job["created"]:
            out.note(f"The key {key} is known: this is its first job, {job['status']}.")
    return None


def _fields(
    *,
    delay: float | None,
    at: datetime | None,
    priority: int | None,
    max_retries: int | None,
    timeout: float | None,
    tags: tuple[str, ...],
) -> dict[str, Any]:
    """What the request says beside the payload; the server's default where nothing was chosen."""
    if delay is not None and at is not None:
        raise click.UsageError("--delay and --at exclude each other.")
    if timeout is not None and (timeout < 1 or timeout != int(timeout)):
        raise click.BadParameter("whole seconds, at least 1", param_hint="--timeout")
    named = [tag.partition("=") for tag in tags]
    if len({bool(equals) for _, equals, _ in named}) > 1:
        raise click.UsageError("Write all tags as NAME=VALUE, or none of them.")
    chosen = {
        "delay_seconds": delay,
        "scheduled_at": at.isoformat() if at else None,
        "priority": priority,
        "max_retries": max_retries,
        "timeout_seconds": None if timeout is None else int(timeout),
        "tags": {name: value for name, _, value in named} if "=" in "".join(tags) else list(tags) or None,
    }
    return {name: value for name, value in chosen.items() if value is not None}


def _input(given: str | None) -> IO[bytes]:
    if given in {None, "-"}:
        # Not `sys.stdin`, which Python closes at its end: it would abort over the thread that still reads it.
        return os.fdopen(os.dup(sys.stdin.fileno()), "rb")
    if not given or not given.startswith("@"):
        raise click.UsageError("--lines reads standard input, or a file given as @FILE.")
    try:
        return open(given[1:], "rb")  # noqa: PTH123 - it is read until the process ends
    except OSError as error:
        raise click.BadParameter(f"{error.strerror}: {error.filename}", param_hint="PAYLOAD") from error


def _push_lines(
    api: Api,
    out: Output,
    stream: IO[bytes],
    queue: str,
    fields: dict[str, Any],
    key: str | None,
    rejected: IO[bytes] | None,
    *,
    is_text: bool,
) -> int:
    counts = {"pushed": 0, "known": 0, "rejected": 0}

    def reject(line: Line, error: str) -> None:
        counts["rejected"] += 1
        if rejected:
            rejected.write(line.raw + b"\n")
        if out.as_json:
            out.line({"line": line.number, "error": error})
        else:
            out.error([f"line {line.number}: {error}"], {})

    def tell(told: Told) -> None:
        if told.error:
            reject(told.line, told.error)
            return
        counts["pushed" if told.created else "known"] += 1
        if out.as_json:
            out.line({"line": told.line.number, "job_id": told.job_id, "created": told.created})

    pusher = LinePusher(api, queue, fields, key or f"push-{uuid.uuid4().hex}", is_text=is_text)
    try:
        with out.progress(f"Pushing to {queue}") as advance:
            stopped = push_all(Lines(stream), pusher, tell, lambda line: reject(line, "not sent"), advance)
    finally:
        # After Ctrl-C too.
        known = f", {counts['known']} known already" if counts["known"] else ""
        out.note(f"{counts['pushed']} pushed{known}, {counts['rejected']} rejected.")
    if stopped:
        raise stopped
    return Exit.FAILED if counts["rejected"] else Exit.DONE
