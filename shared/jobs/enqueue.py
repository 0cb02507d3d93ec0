"""Enqueue: one or a thousand jobs, in one statement."""

from asyncio import CancelledError
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from shared import ids
from shared.core import Core
from shared.errors import NotFoundError
from shared.finishing import finished
from shared.give_way import MANY, give_way
from shared.jobs.hand_over import first_to_take, make_and_hand_over
from shared.limits.charge import are_limited, charge
from shared.limits.payload import check_payloads
from shared.store import Row, Statement, Transaction, given, load_queries
from shared.tenants.caller import Caller
from shared.together import LARGEST_SHARED
from shared.webhooks.outbox import telling_of_jobs
from shared.webhooks.sealing import seal
from shared.webhooks.target import check_url

if TYPE_CHECKING:
    from shared.events.line import Waiter
    from shared.marks import Place

QUERIES = load_queries(
    __file__,
    is_made=load_queries(__file__)["is_made"].sql,
    told=telling_of_jobs("job.created", rows="created", previous="NULL"),
)
_CHARGED = ("jobs_today", "active_jobs", "queues")


class NewJob(NamedTuple):
    """A job to be made. `payload` and `tags` are JSON text; None takes the queue's setting.

    trace: as `shared.trace` keeps it.
    """

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
    trace: str | None = None


class UnknownParentError(NotFoundError):
    """parent_job_id: there is no such job"""

    def __init__(self) -> None:
        super().__init__(
            details=[{"field": "parent_job_id", "message": "there is no such job", "code": "unknown_job"}]
        )


class Enqueued(NamedTuple):
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
    """Make the jobs in one transaction, and wake who waits for them, also when this is cancelled.

    A queue that is named for the first time comes into being. A job whose idempotency key is known is not
    made: the answer names the first one. Nor is one whose parent there is not, or not for this caller.
    `are_shared`: each is another request's, and none is to be held up by what another one waits for.
    Raises PayloadTooLargeError above the ceiling of the plan, and QuotaExceededError when not all that are
    new fit into it.
    """
    try:
        enqueued, taken = await _enqueue(core, caller, jobs, now, are_shared=are_shared)
    except CancelledError:
        for queue, count in Counter(job.queue for job in jobs).items():  # they may have been made
            core.wakeups.notify(caller.org_id, queue, count)
        raise
    if taken.isdisjoint([outcome.job_id for outcome in enqueued]):
        wake_for(core, caller, jobs, enqueued, now)
    return enqueued


async def _enqueue(
    core: Core, caller: Caller, jobs: Sequence[NewJob], now: datetime, *, are_shared: bool
) -> tuple[list[Enqueued], set[int]]:
    """The jobs, and the ids of those that went to who waited."""
    if are_limited(caller.limits, *_CHARGED):
        async with core.store.transaction(caller.scope, hot=True, briefly=are_shared) as transaction:
            return await enqueue_within(transaction, core, caller, jobs, now), set()
    statement = Statement(QUERIES["enqueue_jobs"], _parameters(core, caller, jobs, now))
    if len(jobs) > MANY:
        await give_way()
    taker = await _first_to_take(core, caller, jobs, now)
    taken: set[int] = set()
    if taker is not None:
        (row,), taken = await finished(make_and_hand_over(core, caller.scope, statement, taker, now))
    else:
        quick = are_shared or (len(jobs) == 1 and len(jobs[0].payload) <= LARGEST_SHARED)
        ((row,),) = await core.store.fetch_each(caller.scope, [statement], briefly=are_shared, quick=quick)
    enqueued = _outcomes(jobs, row)
    created = _created(enqueued)
    core.tally.enqueued += created
    if taker is not None and created and not taken:
        taker.line.yields = False
    return enqueued, taken


async def _first_to_take(
    core: Core, caller: Caller, jobs: Sequence[NewJob], now: datetime
) -> "Waiter | None":
    """Who is to be handed the job, if it is one, and due."""
    if len(jobs) != 1 or (jobs[0].run_at is not None and jobs[0].run_at > now):
        return None
    return await first_to_take(core, caller.org_id, jobs[0].queue)


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
    arrived = dict.fromkeys([job.queue for job in jobs], 0)
    places: dict[str, set[Place]] = {queue: set() for queue in arrived}
    has_later: set[str] = set()
    for job, outcome in zip(jobs, enqueued, strict=True):
        queue, run_at = job.queue, job.run_at
        if run_at is None or run_at <= now:
            arrived[queue] += outcome.created
            run_at = now
        else:
            has_later.add(queue)
        places[queue].add((job.priority, run_at))
    for queue, count in arrived.items():
        if count or queue in has_later:
            core.wakeups.notify(caller.org_id, queue, max(count, 1), [*places[queue]])


def check_completion_webhook(core: Core, job: NewJob) -> None:
    """Raise WebhookUrlError unless what a job wants to call in the end may be called."""
    if job.completion_webhook is not None:
        check_url(core.settings, job.completion_webhook, field="completion_webhook")


def _outcomes(jobs: Sequence[NewJob], row: Row) -> list[Enqueued]:
    winners: dict[str, int] | None = row["winners"]
    if winners is None and None not in row["ids"]:
        new = zip(row["ids"], row["max_retries"], row["timeouts"], strict=True)
        return [Enqueued(job_id, True, retries, timeout) for job_id, retries, timeout in new]
    made = zip(jobs, row["ids"], row["max_retries"], row["timeouts"], strict=True)
    return [_outcome(job, winners or {}, *answer) for job, *answer in made]


def _created(enqueued: Sequence[Enqueued]) -> int:
    return sum(outcome.created for outcome in enqueued)


def _outcome(
    job: NewJob, winners: dict[str, int], job_id: int | None, max_retries: int, timeout_seconds: int
) -> Enqueued:
    if job_id is None:
        return Enqueued(ids.UNKNOWN, created=False, max_retries=0, timeout_seconds=0)
    winner = job_id if job.idempotency_key is None else winners[job.idempotency_key]
    return Enqueued(winner, winner == job_id, max_retries, timeout_seconds)


def _parameters(core: Core, caller: Caller, jobs: Sequence[NewJob], now: datetime) -> dict[str, Any]:
    check_payloads(caller.limits, (job.payload for job in jobs))
    named = {queue: place for place, queue in enumerate(dict.fromkeys([job.queue for job in jobs]), 1)}
    return {
        "org_id": caller.org_id,
        "now": now,
        "told": True,
        "keys_expire_at": now + timedelta(hours=core.settings.idempotency_hours),
        "queues": [*named],
        "places": [named[job.queue] for job in jobs] if len(named) > 1 else None,
        "payloads": [job.payload for job in jobs],
        "priorities": given([job.priority or None for job in jobs]),
        "max_retries": given([job.max_retries for job in jobs]),
        "timeouts": given([job.timeout_seconds for job in jobs]),
        "run_ats": given([job.run_at if job.run_at and job.run_at > now else None for job in jobs]),
        "expires_ats": given([job.expires_at for job in jobs]),
        "keys": given([job.idempotency_key for job in jobs]),
        "tags": given([job.tags for job in jobs]),
        "parents": given([job.parent_job_id for job in jobs]),
        "seen_queues": caller.queue_filter,
        "traces": given([job.trace for job in jobs]),
        "webhooks": given([job.completion_webhook for job in jobs]),
        "webhook_secrets": given(
            [
                seal(core.settings, job.completion_webhook_secret) if job.completion_webhook_secret else None
                for job in jobs
            ]
        ),
    }
