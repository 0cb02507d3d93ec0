"""`spooled jobs`: lists of jobs, and each one whole."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from shared.command.listing import (
    JOB_COLUMNS,
    ListingGroup,
    ago,
    each,
    filter_of,
    job_filters,
    job_row,
    local,
    part,
)
from shared.command.options import command as api_command

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.command.api import Api
    from shared.command.exits import Exit
    from shared.command.output import Output

_LARGEST_PAGE = 500
_FACTS = (
    ("queue", "queue_name"),
    ("priority", "priority"),
    ("worker", "assigned_worker_id"),
    ("workflow", "workflow_id"),
    ("parent", "parent_job_id"),
    ("idempotency key", "idempotency_key"),
    ("error", "last_error"),
)
_TIMES = (
    ("made", "created_at"),
    ("due", "scheduled_at"),
    ("started", "started_at"),
    ("lease until", "lease_expires_at"),
    ("expires", "expires_at"),
    ("ended", "completed_at"),
)

command = ListingGroup("jobs", help="See jobs: what waits, runs and ended, and each one whole.")


@api_command("list", group=command)
@job_filters
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most so many.")
@click.option("--after", help="Go on behind the job of this id, the last of the page before.")
def list_jobs(api: Api, out: Output, *, limit: int, after: str | None, **chosen: Any) -> None:
    """List jobs, the newest first.

    \b
      spooled jobs --queue emails --status deadletter --since 2h
      spooled jobs --text job_01k8x5 --json
    """
    wanted = filter_of(**chosen)
    jobs: list[dict[str, Any]] = []
    # One more than is shown tells whether more follow.
    while len(jobs) <= limit:
        size = min(_LARGEST_PAGE, limit + 1 - len(jobs))
        page = api.get("/jobs", **wanted, limit=size, after=after)
        jobs += page
        if len(page) < size:
            break
        after = page[-1]["id"]
    shown, has_more = jobs[:limit], len(jobs) > limit
    if out.as_json:
        out.document(shown)
    else:
        out.table(JOB_COLUMNS, map(job_row, shown), empty="No such jobs.")
    if has_more:
        out.note(f"More follow: --after {shown[-1]['id']}")


@api_command("show", group=command)
@click.argument("job_id")
def show(api: Api, out: Output, *, job_id: str) -> None:
    """Show a job whole: payload, result, and what happened to it."""
    job = api.get(f"/jobs/{part(job_id)}", include="history")
    if out.as_json:
        out.document(job)
        return
    out.say(f"{job['id']}  {job['status']}  attempt {job['attempts']} of {job['max_retries'] + 1}")
    for name, field in _FACTS:
        if job[field] is not None:
            out.say(f"  {name:<16}{job[field]}")
    for name, field in _TIMES:
        if job[field] is not None:
            out.say(f"  {name:<16}{local(job[field])} ({ago(job[field])})")
    for name in ("tags", "payload", "result"):
        if job[name] is not None:
            out.say(f"  {name}")
            for line in json.dumps(job[name], indent=2, ensure_ascii=False).splitlines():
                out.say(f"    {line}")
    out.table(
        ("AT", "EVENT", "ATTEMPT", "WORKER", "DETAILS"),
        [
            (
                local(event["created_at"]),
                event["event_type"],
                (event["details"] or {}).get("attempt"),
                event["worker_id"],
                _details(event["details"] or {}),
            )
            for event in job["history"]
        ],
    )


@api_command("cancel", group=command)
@click.argument("job_ids", nargs=-1, required=True)
def cancel(api: Api, out: Output, *, job_ids: tuple[str, ...]) -> Exit:
    """Cancel jobs that wait. One that runs or is over is left alone: exit code 6."""
    return each(out, job_ids, lambda job_id: api.delete(f"/jobs/{part(job_id)}"), "cancelled")


def _details(details: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{name}: {value}" for name, value in details.items() if name != "attempt" and value is not None
    )
