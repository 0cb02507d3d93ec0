"""`spooled queues`: what queues do, and what they may."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from shared.command.kinds import DURATION
from shared.command.listing import ListingGroup, ago, local, part, seconds
from shared.command.options import command as api_command
from shared.command.options import complete_queue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.command.api import Api
    from shared.command.output import Output

_LIFTED = "none"
_FIGURES = ("pending", "scheduled", "processing", "completed", "failed", "deadletter", "active_workers")

command = ListingGroup("queues", help="See queues and what they do; pause, resume and limit them.")


class Limit(click.ParamType[Any]):
    """A whole number, or `none` for no limit."""

    name = "limit"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        if value == _LIFTED:
            return _LIFTED
        if not str(value).isdigit() or not int(value):
            self.fail(f"{value!r} is neither a whole number above 0 nor {_LIFTED}", param, ctx)
        return int(value)


@api_command("list", group=command)
def list_queues(api: Api, out: Output) -> None:
    """List queues, with what waits, runs and died in each."""
    queues = api.get("/queues", include="stats")
    if out.as_json:
        out.document(queues)
        return
    out.table(
        ("QUEUE", "STATE", "PENDING", "SCHEDULED", "RUNNING", "DEAD", "OLDEST", "LIMITS"),
        [
            (
                queue["name"],
                _state(queue),
                queue["stats"]["pending"],
                queue["stats"]["scheduled"],
                queue["stats"]["processing"],
                queue["stats"]["deadletter"],
                seconds(queue["stats"]["oldest_job_age_seconds"]),
                _limits(queue),
            )
            for queue in queues
        ],
        empty="No queue yet. One comes into being with its first job.",
    )


@api_command("show", group=command)
@click.argument("queue", shell_complete=complete_queue)
def show(api: Api, out: Output, *, queue: str) -> None:
    """Show a queue: its state, its figures of 24 hours, and what its jobs inherit."""
    found = api.get(f"/queues/{part(queue)}")
    stats = api.get(f"/queues/{part(queue)}/stats")
    if out.as_json:
        out.document(found | {"stats": stats})
        return
    out.say(f"{found['name']}  {_state(found)}")
    if found["paused"]:
        by = f" by {found['paused_by']}" if found["paused_by"] else ""
        why = f": {found['pause_reason']}" if found["pause_reason"] else ""
        out.say(f"  paused since    {local(found['paused_at'])} ({ago(found['paused_at'])}){by}{why}")
    for name in _FIGURES:
        out.say(f"  {name.replace('_', ' '):<16}{stats[name]:,}")
    out.say(f"  {'oldest':<16}{seconds(stats['oldest_job_age_seconds']) or '-'}")
    out.say(f"  {'limits':<16}{_limits(found) or 'none'}")
    out.say(f"  {'retries':<16}{found['max_retries']}, after {found['retry_delay_seconds']:g} s")
    out.say(f"  {'timeout':<16}{seconds(found['timeout_seconds'])}")


@api_command("pause", group=command)
@click.argument("queue", shell_complete=complete_queue)
@click.option("--reason", help="Why, for whoever looks.")
def pause(api: Api, out: Output, *, queue: str, reason: str | None) -> None:
    """Stop giving out jobs of a queue. It still takes jobs in, and running ones go on."""
    done = api.post(f"/queues/{part(queue)}/pause", {"reason": reason} if reason else {})
    if out.as_json:
        out.document(done)
    else:
        out.say(f"{queue} paused")


@api_command("resume", group=command)
@click.argument("queue", shell_complete=complete_queue)
def resume(api: Api, out: Output, *, queue: str) -> None:
    """Give out jobs of a queue again."""
    done = api.post(f"/queues/{part(queue)}/resume")
    if out.as_json:
        out.document(done)
    else:
        out.say(f"{queue} resumed after {seconds(done['paused_duration_secs'])}")


@api_command("set", group=command)
@click.argument("queue", shell_complete=complete_queue)
@click.option("--concurrency", type=Limit(), help="Jobs that may run at once, or none.")
@click.option("--rate", type=Limit(), help="Jobs that may start in a second, or none.")
@click.option("--max-retries", type=click.IntRange(0, 100), help="Retries after the first run.")
@click.option("--timeout", type=DURATION, help="How long a run may take.")
@click.option("--retry-delay", type=DURATION, help="Before the first retry.")
def configure(
    api: Api,
    out: Output,
    *,
    queue: str,
    concurrency: int | str | None,
    rate: int | str | None,
    max_retries: int | None,
    timeout: float | None,
    retry_delay: float | None,
) -> None:
    """Set the limits of a queue, and what its jobs inherit; what is not named stays.

    \b
      spooled queues set emails --concurrency 5 --rate none
    """
    limits = {"concurrency": concurrency, "rate_limit": rate}
    body: dict[str, Any] = {
        "max_retries": max_retries,
        "timeout_seconds": None if timeout is None else int(timeout),
        "retry_delay_seconds": retry_delay,
        **{name: value for name, value in limits.items() if value != _LIFTED},
    }
    body = {name: value for name, value in body.items() if value is not None}
    lifted = {name: None for name, value in limits.items() if value == _LIFTED}
    if lifted:
        body["settings"] = lifted
    if not body:
        raise click.UsageError(
            "Say what to set: --concurrency, --rate, --max-retries, --timeout, --retry-delay."
        )
    done = api.put(f"/queues/{part(queue)}/config", body)
    if out.as_json:
        out.document(done)
    else:
        out.say(f"{queue}: {_limits(done) or 'no limits'}")


def _state(queue: Mapping[str, Any]) -> str:
    return "paused" if queue["paused"] else "active" if queue["enabled"] else "disabled"


def _limits(queue: Mapping[str, Any]) -> str:
    found = [f"{queue['concurrency']} at once"] if queue["concurrency"] else []
    found += [f"{queue['rate_limit']}/s"] if queue["rate_limit"] else []
    return ", ".join(found)
