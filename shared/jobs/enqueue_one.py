"""Enqueue of a single job, together with those that others enqueue at the same moment."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from shared import ids
from shared.core import Core
from shared.errors import ConflictError
from shared.jobs.enqueue import Enqueued, NewJob, UnknownParentError, check_completion_webhook, enqueue_jobs
from shared.jobs.model import job_answer
from shared.jobs.read import find_job
from shared.limits.payload import check_payloads
from shared.store import Row
from shared.tenants.caller import Caller
from shared.together import LARGEST_SHARED, Kind

_Asked = tuple[NewJob, datetime]
_Made = tuple[Enqueued, datetime]


async def enqueue_job(core: Core, caller: Caller, job: NewJob, now: datetime) -> dict[str, Any]:
    """Make one job and return it whole, with `created`.

    Raises WebhookUrlError, UnknownParentError, and as `enqueue_jobs`.
    """
    check_completion_webhook(core, job)
    check_payloads(caller.limits, [job.payload])
    outcome, made_at = await _enqueued(core, caller, job, now)
    if outcome.job_id == ids.UNKNOWN:
        raise UnknownParentError
    if outcome.created:
        row = _new_row(caller, job, outcome, made_at)
    else:
        found = await find_job(core, caller, outcome.job_id)
        if found is None:
            raise ConflictError("The job of this idempotency key is not kept any more; use another key.")
        row = found
    return job_answer(row, made_at) | {"created": outcome.created}


async def _enqueued(core: Core, caller: Caller, job: NewJob, now: datetime) -> _Made:
    """The job, and when it was made: jobs that are made together are made at one time, the latest of all."""

    async def alone(asked: _Asked) -> _Made:
        return (await enqueue_jobs(core, caller, [asked[0]], asked[1]))[0], asked[1]

    async def shared(all_asked: Sequence[_Asked]) -> list[_Made]:
        latest = max(now for _, now in all_asked)
        jobs = [job for job, _ in all_asked]
        made = await enqueue_jobs(core, caller, jobs, latest, are_shared=True)
        return [(outcome, latest) for outcome in made]

    if len(job.payload) > LARGEST_SHARED:
        return await alone((job, now))
    key = "enqueue", caller.org_id, caller.queues, caller.limits
    return await core.together.do(Kind(key, alone, shared), (job, now))


def _new_row(caller: Caller, job: NewJob, outcome: Enqueued, now: datetime) -> Row:
    """The row as the database has it now, without asking for it again."""
    return {
        "org_id": caller.org_id,
        "id": outcome.job_id,
        "queue": job.queue,
        "state": "pending",
        "priority": job.priority,
        "run_at": job.run_at if job.run_at and job.run_at > now else now,
        "attempts": 0,
        "max_retries": outcome.max_retries,
        "timeout_seconds": outcome.timeout_seconds,
        "payload": orjson.Fragment(job.payload),
        "tags": None if job.tags is None else orjson.Fragment(job.tags),
        "created_at": now,
        "updated_at": now,
        "expires_at": job.expires_at,
        "idempotency_key": job.idempotency_key,
        "parent_job_id": job.parent_job_id,
        "completion_webhook": job.completion_webhook,
        "trace": job.trace,
        "unmet_parents": 0,
        **dict.fromkeys(
            ("result", "last_error", "started_at", "finished_at", "worker_id", "lease_id", "leased_until")
        ),
        "workflow_id": None,
        "dependency_mode": None,
    }
