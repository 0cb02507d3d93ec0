"""`spooled tail`: what happens, as it happens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from shared.command.listing import instant
from shared.command.options import command as api_command
from shared.command.options import complete_queue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.command.api import Api
    from shared.command.output import Output

_FIRST = ("queue_name", "job_id")
_TOLD = {*_FIRST, "timestamp"}


@api_command("tail")
@click.option("--queue", shell_complete=complete_queue, help="What concerns this queue.")
@click.option("--job", "job_id", help="What concerns this job.")
@click.option("--type", "types", multiple=True, help="Of this type: job.failed, JobFailed; repeatable.")
@click.option("--from", "last", metavar="ID", help="Begin behind the event of this id, of --json.")
@click.option("--count", "-n", type=click.IntRange(1), help="End after so many events.")
def command(
    api: Api,
    out: Output,
    *,
    queue: str | None,
    job_id: str | None,
    types: tuple[str, ...],
    last: str | None,
    count: int | None,
) -> None:
    """Follow what happens, as it happens.

    A connection that breaks is made again, and goes on behind the last event that was seen. With --json each
    event is a line with its id, type and data.

    \b
      spooled tail --queue emails
      spooled tail --type job.failed --type job.deadletter --json | jq .data.error
    """
    from shared.command.events import follow

    wanted = {"queue": queue, "job_id": job_id, "events": ",".join(types) or None}
    for number, event in enumerate(follow(api, out, wanted, last), 1):
        if out.as_json:
            out.line({"id": event.id, "type": event.type, "data": event.data})
        else:
            out.say(_line(event.type, event.data))
        if number == count:
            return


def _line(name: str, data: Mapping[str, Any]) -> str:
    when = instant(data.get("timestamp"))
    parts = [f"{when.astimezone():%H:%M:%S}" if when else "-", f"{name:<18}"]
    parts += [str(data[field]) for field in _FIRST if data.get(field) is not None]
    parts += [f"{field}={value}" for field, value in data.items() if field not in _TOLD and value is not None]
    return "  ".join(parts)
