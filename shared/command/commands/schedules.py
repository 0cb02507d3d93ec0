"""`spooled schedules`: when they fire, and whether."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from shared.command.errors import CommandError
from shared.command.exits import Exit
from shared.command.listing import ListingGroup, ago, instant, local, part
from shared.command.options import command as api_command
from shared.command.options import complete_queue

if TYPE_CHECKING:
    from shared.command.api import Api
    from shared.command.output import Output

command = ListingGroup(
    "schedules", help="See schedules and when they fire next; pause, resume and trigger them."
)


@api_command("list", group=command)
@click.option("--queue", shell_complete=complete_queue, help="Of this queue.")
@click.option("--active/--paused", "is_active", default=None, help="In this state alone.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="At most so many.")
def list_schedules(api: Api, out: Output, *, queue: str | None, is_active: bool | None, limit: int) -> None:
    """List schedules with their next fire, in the zone of this machine."""
    found = list(api.pages("/schedules", limit, queue_name=queue, is_active=is_active))
    if out.as_json:
        out.document(found)
        return
    out.table(
        ("ID", "NAME", "QUEUE", "CRON", "ZONE", "NEXT", "IN", "LAST", "ERROR"),
        [
            (
                schedule["id"],
                schedule["name"],
                schedule["queue_name"],
                schedule["cron_expression"],
                schedule["timezone"],
                local(schedule["next_run_at"]) if schedule["is_active"] else "paused",
                ago(schedule["next_run_at"]).removeprefix("in "),
                ago(schedule["last_run_at"]),
                schedule["last_error"],
            )
            for schedule in found
        ],
        empty="No schedules.",
    )


@api_command("next", group=command)
@click.argument("schedule", required=False)
@click.option(
    "--count", "-n", type=click.IntRange(1, 100), default=5, show_default=True, help="How many fires."
)
@click.option("--cron", help="Of this cron instead of a schedule, in the zone of --tz.")
@click.option("--tz", "zone", help="Show times in this zone, an IANA name.  [default: of this machine]")
def next_fires(
    api: Api, out: Output, *, schedule: str | None, count: int, cron: str | None, zone: str | None
) -> None:
    """Show when a schedule, by its name or id, fires next.

    \b
      spooled schedules next daily-report -n 10
      spooled schedules next --cron '0 9 * * 1-5' --tz Europe/Vienna
    """
    if (schedule is None) == (cron is None):
        raise click.UsageError("Name a schedule, or a cron with --cron.")
    if cron is not None:
        body: dict[str, Any] = {"cron_expression": cron, "timezone": zone or "UTC", "count": count}
        fires = api.post("/schedules/preview", body, repeatable=True)
        its_zone = str(body["timezone"])
    else:
        known = _find(api, str(schedule))
        fires = api.get(f"/schedules/{known['id']}/preview", count=count)
        its_zone = known["timezone"]
        if not known["is_active"]:
            out.note(f"{known['name']} is paused: these are its fires if it were not.")
    if out.as_json:
        out.document(fires)
        return
    out.table(
        ("IN", "HERE" if zone is None else zone, its_zone),
        [
            (ago(fire["run_at"]).removeprefix("in "), _in_zone(fire["run_at"], zone), _plain(fire))
            for fire in fires
        ],
        empty="It never fires again.",
    )


@api_command("pause", group=command)
@click.argument("schedule")
def pause(api: Api, out: Output, *, schedule: str) -> None:
    """Stop a schedule, by its name or id, until it is resumed."""
    _tell(out, api.post(f"/schedules/{_find(api, schedule)['id']}/pause"), "paused")


@api_command("resume", group=command)
@click.argument("schedule")
def resume(api: Api, out: Output, *, schedule: str) -> None:
    """Let a schedule, by its name or id, fire again."""
    done = api.post(f"/schedules/{_find(api, schedule)['id']}/resume")
    _tell(out, done, f"fires next at {local(done['next_run_at'])}")


@api_command("trigger", group=command)
@click.argument("schedule")
def trigger(api: Api, out: Output, *, schedule: str) -> None:
    """Make the job of a schedule, by its name or id, now; its next fire stays as planned."""
    done = api.post(f"/schedules/{_find(api, schedule)['id']}/trigger")
    if out.as_json:
        out.document(done)
    else:
        out.say(done["job_id"])


def _tell(out: Output, schedule: dict[str, Any], done: str) -> None:
    if out.as_json:
        out.document(schedule)
    else:
        out.say(f"{schedule['name']} {done}")


def _find(api: Api, named: str) -> dict[str, Any]:
    """The schedule of an id or a name. Raises CommandError when not exactly one has the name."""
    if named.startswith("sched_"):
        found: dict[str, Any] = api.get(f"/schedules/{part(named)}")
        return found
    having = [schedule for schedule in api.pages("/schedules", name=named) if schedule["name"] == named]
    if len(having) == 1:
        return having[0]
    if not having:
        raise CommandError(f"There is no schedule named {named!r}.", Exit.NOT_FOUND)
    ids = ", ".join(schedule["id"] for schedule in having)
    raise CommandError(
        f"{len(having)} schedules are named {named!r}; name one by its id: {ids}", Exit.CONFLICT
    )


def _in_zone(text: str, zone: str | None) -> str:
    if zone is None:
        return local(text)
    from zoneinfo import ZoneInfo

    when = instant(text)
    assert when is not None
    try:
        return f"{when.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S %Z}"
    except (ValueError, OSError, LookupError) as error:
        raise click.BadParameter(f"{zone!r} is no zone: write Europe/Vienna", param_hint="--tz") from error


def _plain(fire: dict[str, Any]) -> str:
    when = instant(fire["local_time"])
    return f"{when:%Y-%m-%d %H:%M:%S %z}" if when else ""
