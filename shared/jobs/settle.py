"""Settle: a worker completes or fails what it holds. One job or a thousand, one statement."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.core import Core
from shared.jobs.children import ADVANCED, FREED
from shared.jobs.model import CARRIED
from shared.jobs.refusal import HELD, LOG, Hold, Outcome, Settling, first_of_each, settle
from shared.store import Row, Statement, Transaction, load_queries
from shared.tenants.caller import Caller
from shared.webhooks.outbox import telling_completions, telling_of_jobs

QUERIES = load_queries(
    __file__,
    advanced=ADVANCED,
    freed=FREED,
    carried=CARRIED,
    carried_but_payload=CARRIED.replace(" payload,", ""),
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
LAPSED = "Lease expired"
_JITTER_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Completion:
    """A job that is done; `result` is JSON text."""

    hold: Hold
    result: str | None = None


@dataclass(frozen=True, slots=True)
class Failure:
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
    first = first_of_each(completions)
    parameters = {
        "org_id": caller.org_id,
        "queues": caller.queue_filter,
        "worker_id": worker_id,
        "ids": [completion.hold.job_id for completion in first],
        "lease_ids": [completion.hold.lease_id for completion in first],
        "results": [completion.result for completion in first],
        "whole": len(completions) == 1,
        "now": now,
    }
    holds = [completion.hold for completion in completions]
    return Settling(worker_id, holds, Statement(QUERIES["complete_jobs"], parameters))


def failing(
    caller: Caller, worker_id: str | None, failures: Sequence[Failure], chance: random.Random, now: datetime
) -> Settling:
    """What puts each held job back with backoff, or in the dead-letter queue once its retries are used up.

    The delay of the n-th failure is `retry_delay_seconds * backoff_multiplier ** (n - 1)` of its queue, at
    most `backoff_max_seconds`, and up to half a second of jitter.
    """
    parameters = _failure_parameters(caller.org_id, first_of_each(failures), chance, now)
    parameters |= {"queues": caller.queue_filter, "worker_id": worker_id, "lapsed": False}
    holds = [failure.hold for failure in failures]
    return Settling(worker_id, holds, Statement(QUERIES["fail_jobs"], parameters), failures=True)


async def fail_lapsed(
    transaction: Transaction, org_id: int, holds: Sequence[Hold], chance: random.Random, now: datetime
) -> list[Row]:
    """A lapsed lease is a failed attempt: the same change, for jobs that nobody holds any more."""
    failures = [Failure(hold, LAPSED) for hold in holds]
    parameters = _failure_parameters(org_id, failures, chance, now)
    return await transaction.fetch(
        QUERIES["fail_jobs"], **parameters, queues=None, worker_id=None, lapsed=True
    )


def _failure_parameters(
    org_id: int, failures: Sequence[Failure], chance: random.Random, now: datetime
) -> dict[str, Any]:
    return {
        "org_id": org_id,
        "ids": [failure.hold.job_id for failure in failures],
        "lease_ids": [failure.hold.lease_id for failure in failures],
        "errors": [failure.error for failure in failures],
        "no_retries": [failure.no_retry for failure in failures],
        "jitters": [chance.random() * _JITTER_SECONDS for _ in failures],
        "now": now,
    }
