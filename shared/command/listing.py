"""What the commands that show things have in common: groups that list, filters of jobs, cells of tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

import click

from shared.command.errors import CommandError
from shared.command.exits import Exit
from shared.command.kinds import SINCE
from shared.command.options import complete_queue
from shared.command.output import shortened
from shared.spoken import duration

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from shared.command.output import Output

Made = TypeVar("Made", bound="Callable[..., Any]")
STATUSES = ("pending", "scheduled", "processing", "completed", "failed", "deadletter", "cancelled")


class ListingGroup(click.Group):
    """A group that lists when no other of its commands is named: `spooled queues` lists queues."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        is_option = bool(args) and args[0].startswith("-") and args[0] not in ctx.help_option_names
        if not args or is_option:
            args = ["list", *args]
        return super().parse_args(ctx, args)


def job_filters(function: Made) -> Made:
    """The options that choose jobs, in lists and in acts alike; `filter_of` makes a query of them."""
    for option in reversed(
        (
            click.option("--queue", shell_complete=complete_queue, help="Of this queue."),
            click.option(
                "--status",
                "statuses",
                type=click.Choice(STATUSES),
                multiple=True,
                help="In this status; repeatable.",
            ),
            click.option("--type", "job_type", help="Whose payload has this job_type."),
            click.option("--tag", help="With this tag."),
            click.option("--cause", help="Dead of this cause, an id of `spooled dead`."),
            click.option("--text", help="Head of an id, or part of a queue's name or a type."),
            click.option("--since", type=SINCE, help="Made since then: 90m, 2d, 2026-05-01T09:00."),
            click.option("--until", type=SINCE, help="Made before then."),
        )
    ):
        function = option(function)
    return function


def filter_of(
    *,
    queue: str | None,
    statuses: Sequence[str],
    job_type: str | None,
    tag: str | None,
    cause: str | None,
    text: str | None,
    since: datetime | None,
    until: datetime | None,
) -> dict[str, str]:
    """The filter as the API takes it, in a query and in a body."""
    given = {
        "queue_name": queue,
        "status": ",".join(statuses) or None,
        "job_type": job_type,
        "tag": tag,
        "cause": cause,
        "q": text,
        "created_after": since.isoformat() if since else None,
        "created_before": until.isoformat() if until else None,
    }
    return {name: value for name, value in given.items() if value is not None}


def each(out: Output, things: Sequence[str], act: Callable[[str], Any], done: str) -> Exit:
    """Do one after the other, whatever becomes of those before; with one alone its error is the command's."""
    codes = set()
    results = []
    for thing in things:
        try:
            results.append({"id": thing, "result": act(thing)})
        except CommandError as error:
            if len(things) == 1 or error.exit in {Exit.UNREACHABLE, Exit.FORBIDDEN}:
                raise
            codes.add(error.exit)
            out.error([f"{thing}: {error.message}"], error.document() | {"id": thing})
        else:
            out.say(f"{thing} {done}")
    if out.as_json:
        out.document(results)
    if not codes:
        return Exit.DONE
    return codes.pop() if len(codes) == 1 and not results else Exit.FAILED


def part(text: str) -> str:
    """A name or id as one part of a path, whatever is in it."""
    encoded = quote(text, safe="")
    # Dots alone lead out of the path, also from where a client or a proxy tidies it.
    return encoded.replace(".", "%2E") if encoded in {".", ".."} else encoded


def instant(text: str | None) -> datetime | None:
    """A point in time of an answer."""
    return None if text is None else datetime.fromisoformat(text)


def ago(text: str | None) -> str:
    """How long a point in time of an answer lies back, or ahead: `3 m 20 s`, `in 5 m`."""
    when = instant(text)
    if when is None:
        return ""
    passed = datetime.now(UTC) - when
    if passed < timedelta(0):
        return f"in {duration(-passed)}"
    return "now" if passed < timedelta(seconds=1) else duration(passed)


def local(text: str | None) -> str:
    """A point in time of an answer, in the zone of this machine."""
    when = instant(text)
    return "" if when is None else f"{when.astimezone():%Y-%m-%d %H:%M:%S %Z}"


def seconds(count: float | None) -> str:
    """A length of time as a person says it; nothing for none."""
    return "" if count is None else duration(timedelta(seconds=count))


def job_row(job: Mapping[str, Any]) -> tuple[str | int, ...]:
    """The cells of a job in a list, under JOB_COLUMNS."""
    return (
        job["id"],
        job["queue_name"],
        job["status"],
        f"{job['attempts']}/{job['max_retries'] + 1}",
        job["priority"],
        ago(job["created_at"]),
        shortened(job["last_error"] or ""),
    )


JOB_COLUMNS = ("ID", "QUEUE", "STATUS", "ATTEMPT", "PRIORITY", "AGE", "ERROR")
