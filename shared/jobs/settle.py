"""Settle: a worker completes or fails what it holds. One job or a thousand, one statement."""

import random
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from shared.core import Core
from shared.jobs.cause import cause_of
from shared.jobs.children import ADVANCED, FREED
from shared.jobs.model import CARRIED
from shared.jobs.refusal import (
    HELD,
    LOG,
    Hold,
    Outcome,
    Said,
    Settling,
    fence,
    first_of_each,
    said_by,
    settle,
)
from shared.store import Row, Statement, Transaction, given, load_queries
from shared.tenants.caller import Caller
from shared.webhooks.outbox import telling_completions, telling_of_jobs

QUERIES = load_queries(
    __file__,
    advanced=ADVANCED,
    freed=FREED,
    carried=CARRIED,
    held=HELD,
    log=LOG,
    told_completed=telling_of_jobs(
        "job.completed",
        rows="archived",
        previous="'processing'",
        result="archived.result",
        started_at="archived.started_at",
    ),
    told_itself_completed=telling_completions("job.completed"),
    told_retried=telling_of_jobs(
        "job.failed",
        rows="retried",
        previous="'processing'",
        error="retried.last_error",
        worker="retried.failed_by",
        started_at="retried.started_at",
    ),
    told_buried=telling_of_jobs(
        "job.failed",
        "job.deadlettered",
        rows="archived",
        previous="'processing'",
        error="archived.last_error",
        started_at="archived.started_at",
    ),
    told_itself_failed=telling_completions("job.failed"),
)
COMPLETE_WHOLE = QUERIES["complete_jobs"].filled(
    kept="*",
    returned=f"{CARRIED}, state, last_error, updated_at, leased_until, unmet_parents, result, finished_at",
)
COMPLETE = QUERIES["complete_jobs"].filled(
    kept="id, queue, state, priority, attempts, max_retries, run_at, workflow_id, worker_id, started_at,"
    " result, has_children, completion_webhook, completion_webhook_secret",
    returned="id, queue, state, started_at",
)
LAPSED = "Lease expired"
_JITTER_SECONDS = 0.5


class Completion(NamedTuple):
    """A job that is done; `result` is JSON text."""

    hold: Hold
    result: str | None = None


class Failure(NamedTuple):
    """An attempt that failed; `no_retry` buries the job at once."""

    hold: Hold
    error: str
    no_retry: bool = False


async def complete_jobs(
    core: Core, caller: Caller, worker_id: str | None, completions: Sequence[Completion], now: datetime
) -> list[Outcome]:
    """Move each held job to the archive with its result; one that is not held is refused alone."""
    return (await settle(core, caller, completing(caller, worker_id, completions, now), now))[0]


async def fail_jobs(
    core: Core,
    caller: Caller,
    worker_id: str | None,
    failures: Sequence[Failure],
    chance: random.Random,
    now: datetime,
) -> list[Outcome]:
    """Put each held job back with backoff, or in the dead-letter queue; one not held is refused alone."""
    return (await settle(core, caller, failing(caller, worker_id, failures, chance, now), now))[0]


def completing(
    caller: Caller, worker_id: str | None, completions: Sequence[Completion], now: datetime
) -> Settling:
    """What moves each held job to the archive with its result."""
    said = said_by(worker_id, completions, now)
    return completing_of(caller, said, now, are_whole=len(completions) == 1)


def completing_of(
    caller: Caller, said: Sequence[Said[Completion]], now: datetime, *, are_whole: bool
) -> Settling:
    """The same, of whomever; with `are_whole` the rows are the jobs, else what a batch says of each."""
    first = first_of_each(said)
    results = [completion.item.result for completion in first]
    parameters = fence(caller, first) | {"results": given(results), "now": now}
    return Settling(said, Statement(COMPLETE_WHOLE if are_whole else COMPLETE, parameters))


def failing(
    caller: Caller, worker_id: str | None, failures: Sequence[Failure], chance: random.Random, now: datetime
) -> Settling:
    """What puts each held job back with backoff, or in the dead-letter queue once its retries are used up.

    The delay of the n-th failure is `retry_delay_seconds * backoff_multiplier ** (n - 1)` of its queue, at
    most `backoff_max_seconds`, and up to half a second of jitter.
    """
    return failing_of(caller, said_by(worker_id, failures, now), chance, now)


def failing_of(
    caller: Caller, said: Sequence[Said[Failure]], chance: random.Random, now: datetime
) -> Settling:
    """The same, of whomever."""
    first = first_of_each(said)
    parameters = fence(caller, first) | _failure_parameters([one.item for one in first], chance, now)
    statement = Statement(QUERIES["fail_jobs"], parameters | {"lapsed": False})
    return Settling(said, statement, failures=True)


async def fail_lapsed(
    transaction: Transaction, org_id: int, holds: Sequence[Hold], chance: random.Random, now: datetime
) -> list[Row]:
    """A lapsed lease is a failed attempt: the same change, for jobs that nobody holds any more."""
    held_by_nobody: dict[str, Any] = {
        "org_id": org_id,
        "queues": None,
        "ids": [hold.job_id for hold in holds],
        "lease_ids": [hold.lease_id for hold in holds],
        "worker_id": None,
        "worker_ids": None,
        "held_at": None,
        "holders_at": None,
    }
    parameters = _failure_parameters([Failure(hold, LAPSED) for hold in holds], chance, now)
    return await transaction.fetch(QUERIES["fail_jobs"], **held_by_nobody, **parameters, lapsed=True)


def _failure_parameters(failures: Sequence[Failure], chance: random.Random, now: datetime) -> dict[str, Any]:
    return {
        "errors": [failure.error for failure in failures],
        "causes": [cause_of(failure.error) for failure in failures],
        "no_retries": [failure.no_retry for failure in failures],
        "jitters": [chance.random() * _JITTER_SECONDS for _ in failures],
        "now": now,
    }
