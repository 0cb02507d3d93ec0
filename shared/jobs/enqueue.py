"""Enqueue: one or a thousand jobs, in one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared import ids
from shared.core import Core
from shared.errors import NotFoundError
from shared.jobs.sharing import WAIT_BRIEFLY, fetch_each
from shared.limits.charge import are_limited, charge
from shared.limits.payload import check_payloads
from shared.store import Row, Statement, Transaction, load_queries
from shared.tenants.caller import Caller
from shared.webhooks.outbox import telling, telling_of_jobs
from shared.webhooks.sealing import seal
from shared.webhooks.target import check_url

QUERIES = load_queries(
    __file__,
    told_declared=telling(
        "queue.created",
        rows="declared",
        item="queue_event(declared.name, declared.enabled, declared.paused_at)",
    ),
    told=telling_of_jobs("job.created", rows="created", previous="NULL"),
)
_CHARGED = ("jobs_today", "active_jobs", "queues")


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to be made. `payload` and `tags` are JSON text; None takes the queue's setting."""

    queue: str
    payload: str
    priority: int = 0
    max_retries: int | None = None
    timeout_seconds: int | None = None
    run_at: datetime | None = None
    expires_at: datetime | None = None
    idempotency_key: str | None = None
    tags: str | None = None
    parent_job_id: int | None = None
    completion_webhook: str | None = None
    completion_webhook_secret: str | None = None


class UnknownParentError(NotFoundError):
    """parent_job_id: there is no such job"""

    def __init__(self) -> None:
        super().__init__(
            details=[{"field": "parent_job_id", "message": "there is no such job", "code": "unknown_job"}]
        )


@dataclass(frozen=True, slots=True)
class Enqueued:
    """The job that a request stands for: a new one, or the one that its idempotency key names.

    Its id is UNKNOWN when nothing was made because there is no such parent.
    """

    job_id: int
    created: bool
    max_retries: int
    timeout_seconds: int


async def enqueue_jobs(
    core: Core, caller: Caller, jobs: Sequence[NewJob], now: datetime, *, are_shared: bool = False
) -> list[Enqueued]:
    """Make the jobs in one transaction, and wake who waits for them.

    A queue that is named for the first time comes into being. A job whose idempotency key is known is not
    made: the answer names the first one. Nor is one whose parent there is not, or not for this caller.
    `are_shared`: each is another request's, and none is to be held up by what another one waits for.
    Raises PayloadTooLargeError above the ceiling of the plan, and QuotaExceededError when not all that are
    new fit into it.
    """
    if are_limited(caller.limits, *_CHARGED):
        async with core.store.transaction(caller.scope) as transaction:
            if are_shared:
                await transaction.fetch(WAIT_BRIEFLY.query)
            enqueued = await enqueue_within(transaction, core, caller, jobs, now)
    else:
        statement = Statement(QUERIES["enqueue_jobs"], _parameters(core, caller, jobs, now))
        ((row,),) = await fetch_each(core, caller, [statement], are_shared=are_shared)
        enqueued = _outcomes(jobs, row)
        core.tally.enqueued += _created(enqueued)
    wake_for(core, caller, jobs, enqueued, now)
    return enqueued


async def enqueue_within(
    transaction: Transaction,
    core: Core,
    caller: Caller,
    jobs: Sequence[NewJob],
    now: datetime,
    *,
    told: bool = True,
) -> list[Enqueued]:
    """Make the jobs as part of a larger change; the caller calls `wake_for` once that is committed.

    Raises as `enqueue_jobs`, and then the change as a whole is undone.
    With `told` false nobody hears of them: the larger change tells it, with what it adds.
    """
    parameters = _parameters(core, caller, jobs, now) | {"told": told}
    row = await transaction.fetch_one(QUERIES["enqueue_jobs"], **parameters)
    assert row is not None
    enqueued = _outcomes(jobs, row)
    created = _created(enqueued)
    made = {"jobs_today": created, "active_jobs": created, "queues": row["new_queues"]}
    await charge(transaction, caller.org_id, caller.limits, made, now)
    core.tally.enqueued += created
    return enqueued


def wake_for(
    core: Core, caller: Caller, jobs: Sequence[NewJob], enqueued: Sequence[Enqueued], now: datetime
) -> None:
    """Wake who waits for the jobs that were made."""
    for queue in {job.queue for job in jobs}:
        arrived = sum(
            outcome.created and job.queue == queue and (job.run_at is None or job.run_at <= now)
            for job, outcome in zip(jobs, enqueued, strict=True)
        )
        later = any(job.queue == queue and job.run_at is not None and job.run_at > now for job in jobs)
        if arrived or later:
            core.wakeups.notify(caller.org_id, queue, max(arrived, 1))


def check_completion_webhook(core: Core, job: NewJob) -> None:
    """Raise WebhookUrlError unless what a job wants to call in the end may be called."""
    if job.completion_webhook is not None:
        check_url(core.settings, job.completion_webhook, field="completion_webhook")


def _outcomes(jobs: Sequence[NewJob], row: Row) -> list[Enqueued]:
    winners: dict[str, int] = row["winners"] or {}
    return [
        _outcome(job, job_id, winners, row["defaults"]) for job, job_id in zip(jobs, row["ids"], strict=True)
    ]


def _created(enqueued: Sequence[Enqueued]) -> int:
    return sum(outcome.created for outcome in enqueued)


def _outcome(
    job: NewJob, job_id: int | None, winners: dict[str, int], defaults: dict[str, list[int]]
) -> Enqueued:
    if job_id is None:
        return Enqueued(ids.UNKNOWN, created=False, max_retries=0, timeout_seconds=0)
    winner = job_id if job.idempotency_key is None else winners[job.idempotency_key]
    max_retries, timeout_seconds = defaults.get(job.queue, [3, 300])
    return Enqueued(
        winner,
        winner == job_id,
        max_retries if job.max_retries is None else job.max_retries,
        timeout_seconds if job.timeout_seconds is None else job.timeout_seconds,
    )


def _parameters(core: Core, caller: Caller, jobs: Sequence[NewJob], now: datetime) -> dict[str, Any]:
    check_payloads(caller.limits, (job.payload for job in jobs))
    return {
        "org_id": caller.org_id,
        "now": now,
        "told": True,
        "keys_expire_at": now + timedelta(hours=core.settings.idempotency_hours),
        "queues": [job.queue for job in jobs],
        "payloads": [job.payload for job in jobs],
        "priorities": [job.priority for job in jobs],
        "max_retries": [job.max_retries for job in jobs],
        "timeouts": [job.timeout_seconds for job in jobs],
        "run_ats": [job.run_at if job.run_at and job.run_at > now else now for job in jobs],
        "expires_ats": [job.expires_at for job in jobs],
        "keys": [job.idempotency_key for job in jobs],
        "tags": [job.tags for job in jobs],
        "parents": [job.parent_job_id for job in jobs],
        "seen_queues": caller.queue_filter,
        "webhooks": [job.completion_webhook for job in jobs],
        "webhook_secrets": [
            seal(core.settings, job.completion_webhook_secret) if job.completion_webhook_secret else None
            for job in jobs
        ],
    }
