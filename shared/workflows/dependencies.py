"""Dependencies of a single job: what it waits for, and adding to that while it has not started."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared import ids
from shared.core import Core
from shared.errors import ConflictError, InvalidInputError, NotFoundError
from shared.jobs.model import status_of
from shared.jobs.read import JobNotFoundError, find_job
from shared.store import Row, Transaction, load_queries
from shared.tenants.caller import Caller
from shared.webhooks.outbox import telling_of_jobs

QUERIES = load_queries(
    __file__,
    told_waiting=telling_of_jobs("job.waiting", rows="held_back", previous="held_back.previous"),
    told_ready=telling_of_jobs("job.ready", rows="let_go", previous="let_go.previous"),
)


@dataclass(frozen=True, slots=True)
class NewDependencies:
    """Parents for a job, by their public ids; `mode` None keeps the job's own."""

    child: str
    parents: tuple[str, ...]
    mode: str | None = None
    kind: str = "success"


async def get_dependencies(core: Core, caller: Caller, public_id: str, now: datetime) -> dict[str, Any]:
    """The jobs on both sides of a job. JobNotFoundError when there is none that this caller may see."""
    job = await find_job(core, caller, ids.decode("job", public_id))
    if job is None:
        raise JobNotFoundError
    related = await core.store.fetch(
        caller.scope,
        QUERIES["find_related"],
        org_id=caller.org_id,
        id=job["id"],
        queues=caller.queue_filter,
    )
    return {
        "job_id": ids.encode("job", job["id"]),
        "status": status_of(job, now),
        "dependency_mode": job["dependency_mode"] or "all",
        "dependencies_met": job["unmet_parents"] == 0,
        "dependencies": [_answer(row, now) for row in related if row["child_id"] == job["id"]],
        "dependents": [_answer(row, now) for row in related if row["parent_id"] == job["id"]],
    }


async def add_dependencies(
    core: Core, caller: Caller, wanted: NewDependencies, now: datetime
) -> dict[str, Any]:
    """Let a job that has not started wait for others; those it waits for already are not counted.

    Raises JobNotFoundError, NotFoundError for an unknown parent, InvalidInputError for a cycle, ConflictError
    for a job that has started, or for a parent that ended without what the job would wait for.
    """
    child_id = ids.decode("job", wanted.child)
    parents = {ids.decode("job", public_id): public_id for public_id in wanted.parents}
    async with core.store.transaction(caller.scope) as transaction:
        await transaction.fetch(QUERIES["lock_graph"], org_id=caller.org_id)
        jobs = await _lock(transaction, caller, [child_id, *parents])
        child = jobs.get(child_id)
        if child is None:
            raise JobNotFoundError
        if child["state"] not in {"pending", "waiting"} or child["attempts"] > 0:
            raise ConflictError(
                f"Job is {child['state']}: dependencies can be added only before it has started"
            )
        endings = {job_id: _ending(jobs.get(job_id), parents[job_id], wanted.kind) for job_id in parents}
        await _refuse_cycle(transaction, caller, child_id, parents)
        added = await transaction.fetch_one(
            QUERIES["add_edges"],
            org_id=caller.org_id,
            child_id=child_id,
            ids=list(endings),
            endings=list(endings.values()),
            type=wanted.kind,
        )
        judged = await transaction.fetch_one(
            QUERIES["judge_child"],
            org_id=caller.org_id,
            child_id=child_id,
            mode=wanted.mode or child["dependency_mode"] or "all",
            now=now,
        )
        assert added is not None
        assert judged is not None
        if judged["verdict"] not in {"ready", "waiting"}:
            raise ConflictError(
                "dependency_mode: a parent ended already in a way that would keep the job from running"
            )
    if judged["state"] == "pending":
        core.wakeups.notify(caller.org_id, judged["queue"])
    count = added["count"]
    answer = await get_dependencies(core, caller, wanted.child, now)
    return answer | {"dependencies_added": count, "added_count": count, "added": count}


async def _lock(transaction: Transaction, caller: Caller, job_ids: list[int]) -> dict[int, Row]:
    """The jobs by id, unfinished ones locked; a finished one keeps its end."""
    known = {"org_id": caller.org_id, "queues": caller.queue_filter}
    live = await transaction.fetch(QUERIES["lock_jobs"], **known, ids=job_ids)
    found = {row["id"]: row for row in live}
    missing = [job_id for job_id in job_ids if job_id not in found]
    ended = await transaction.fetch(QUERIES["find_ended"], **known, ids=missing) if missing else []
    return found | {row["id"]: row | {"attempts": 0, "dependency_mode": None} for row in ended}


def _ending(parent: Row | None, public_id: str, kind: str) -> str | None:
    """How the parent ended, None while it has not."""
    if parent is None:
        raise NotFoundError(f"depends_on: there is no job {public_id[:100]!r}")
    state: str = parent["state"]
    if state in {"waiting", "pending", "processing"}:
        return None
    kept = {"success": state == "completed", "completion": True, "failure": state in {"failed", "deadletter"}}
    if not kept[kind]:
        raise ConflictError(f"depends_on: {public_id!r} is {state} already; the job would never run")
    return state


async def _refuse_cycle(
    transaction: Transaction, caller: Caller, child_id: int, parents: dict[int, str]
) -> None:
    below = await transaction.fetch_one(
        QUERIES["find_below"], org_id=caller.org_id, child_id=child_id, ids=list(parents)
    )
    if below is None:
        return
    offender = parents[below["id"]]
    raise InvalidInputError.of_field(
        "depends_on",
        "a job cannot wait for itself"
        if below["id"] == child_id
        else f"a cycle: {offender!r} waits for this job already",
        "cycle",
    )


def _answer(row: Row, now: datetime) -> dict[str, Any]:
    return {
        "job_id": ids.encode("job", row["id"]),
        "queue_name": row["queue"],
        "queue": row["queue"],
        "status": status_of(row, now),
        "completed": row["state"] == "completed",
        "dependency_type": row["type"],
    }
