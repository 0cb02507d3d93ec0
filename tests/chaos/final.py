"""What the API says at the end, asked once all has come to rest, and written into the log for the checker."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from tests.chaos.checker.facts import Facts
from tests.chaos.checker.hooks import untold
from tests.chaos.load.desk import Desk
from tests.chaos.log import Record

_AT_ONCE = 12
_PAGE = 1_000
_LOOK_SECONDS = 1.0
_TRIES = 30


async def read_all(desk: Desk) -> None:
    """Every job with its history, every workflow, schedule and act on many jobs."""
    await _each(await _job_ids(desk), lambda job: _job(desk, job))
    records = desk.log.records
    # Those too whose making nobody acknowledged.
    workflows = {record["workflow"] for record in records if record["what"] == "found" and record["workflow"]}
    await _each(sorted(workflows), lambda workflow: _workflow(desk, workflow))
    for record in [record for record in records if record["what"] == "schedule"]:
        runs = await _read(desk, f"/schedules/{record['schedule']}/history", limit=_PAGE)
        desk.log.write("runs", schedule=record["schedule"], runs=[_run(run) for run in runs])
    for found in await _read(desk, "/jobs/acts", limit=_PAGE):
        figures = {name: found[name] for name in ("status", "matched", "done", "skipped", "failed", "error")}
        desk.log.write("found act", act=found["id"], **figures)


async def until_told(desk: Desk, longest_seconds: float) -> None:
    """Wait for the webhooks that are under way, once all else is read, and note those that still are."""
    end = desk.log.now() + longest_seconds
    while untold(Facts(desk.log.records)) and desk.log.now() < end:  # noqa: ASYNC110 - a service sets no Event
        await asyncio.sleep(_LOOK_SECONDS)
    desk.log.write("waited", seconds=longest_seconds)
    (webhook,) = [record["webhook"] for record in desk.log.records if record["what"] == "webhook"]
    for delivery in await _read(
        desk, f"/outgoing-webhooks/{webhook}/deliveries", status="pending", limit=_PAGE
    ):
        data = delivery["payload"]["data"]
        desk.log.write(
            "waiting",
            delivery=delivery["id"],
            event=delivery["event"],
            about=data.get("job_id") or data.get("workflow_id"),
            attempts=delivery["attempts"],
        )


async def _job_ids(desk: Desk) -> list[str]:
    found: list[str] = []
    while True:
        after = {"after": found[-1]} if found else {}
        page = await _read(desk, "/jobs", limit=_PAGE, **after)
        found += [job["id"] for job in page]
        if len(page) < _PAGE:
            return found


async def _job(desk: Desk, job_id: str) -> None:
    job = await _read(desk, f"/jobs/{job_id}", include="history")
    desk.log.write(
        "found",
        job=job_id,
        status=job["status"],
        queue=job["queue_name"],
        payload=job["payload"],
        key=job.get("idempotency_key"),
        result=job.get("result"),
        error=job.get("last_error"),
        max_retries=job["max_retries"],
        workflow=job.get("workflow_id"),
        history=[
            {
                "event": event["event_type"],
                "at": event["created_at"],
                "worker": event.get("worker_id"),
                **event["details"],
            }
            for event in job["history"]
        ],
    )


async def _workflow(desk: Desk, workflow_id: str) -> None:
    workflow = await _read(desk, f"/workflows/{workflow_id}")
    jobs = {job["key"]: [job["id"], job["status"]] for job in workflow["jobs"]}
    desk.log.write("found workflow", workflow=workflow_id, status=workflow["status"], jobs=jobs)


def _run(run: Record) -> Record:
    return {name: run[name] for name in ("id", "job_id", "planned_at", "started_at", "error_message")}


async def _read(desk: Desk, path: str, **query: Any) -> Any:
    """A process may still find connections that went mute, and says 503 then."""
    for _ in range(_TRIES):
        answer = await desk.askers["b"].ask("read", "GET", path, **query)
        if answer.outcome != "unknown" and answer.status:
            break
        await asyncio.sleep(_LOOK_SECONDS)
    assert answer.outcome == "yes", (path, answer)
    return answer.body


async def _each(items: Sequence[str], read: Callable[[str], Awaitable[None]]) -> None:
    waiting = list(reversed(items))

    async def read_on() -> None:
        while waiting:
            await read(waiting.pop())

    async with asyncio.TaskGroup() as readers:
        for _ in range(_AT_ONCE):
            readers.create_task(read_on())
