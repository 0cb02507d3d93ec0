"""The dead-letter queue as a whole: many jobs brought back, or thrown away."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared import ids
from shared.core import Core
from shared.errors import QuotaExceededError
from shared.jobs.retry import retry_jobs
from shared.store import Row, Transaction, load_queries
from shared.tenants.caller import Caller

QUERIES = load_queries(__file__)


@dataclass(frozen=True, slots=True)
class DeadFilter:
    """Which dead jobs; None does not filter. The oldest come first."""

    limit: int
    queue: str | None = None
    job_ids: tuple[str, ...] | None = None
    older_than: datetime | None = None


async def retry_dead(core: Core, caller: Caller, wanted: DeadFilter, now: datetime) -> dict[str, Any]:
    """Bring dead jobs back; those that were named and are not dead, and those beyond the plan, are skipped.

    Raises QuotaExceededError when the plan has room for none of them.
    """
    found = await _find_dead(core, caller, wanted)
    rows = await _retry_what_fits(core, caller, found, now)
    retried = {ids.encode("job", row["id"]): None for row in sorted(rows, key=lambda row: row["id"])}
    asked = dict.fromkeys([*(wanted.job_ids or ()), *(ids.encode("job", job_id) for job_id in found)])
    skipped = [public_id for public_id in asked if public_id not in retried]
    return {"retried_count": len(retried), "retried_jobs": list(retried), "skipped_jobs": skipped}


async def purge_dead(core: Core, caller: Caller, wanted: DeadFilter) -> int:
    """Delete dead jobs for good; how many."""
    found = await _find_dead(core, caller, wanted)
    rows = await core.store.fetch(
        caller.scope, QUERIES["delete_finished"], **_parameters(caller, found, ("deadletter",))
    )
    return len(rows)


async def delete_within(
    transaction: Transaction, caller: Caller, job_ids: Sequence[int], states: Sequence[str]
) -> list[Row]:
    """Delete those of the jobs that are in one of these final states for good, as part of a larger change."""
    return await transaction.fetch(QUERIES["delete_finished"], **_parameters(caller, job_ids, states))


def _parameters(caller: Caller, job_ids: Sequence[int], states: Sequence[str]) -> dict[str, Any]:
    return {
        "org_id": caller.org_id,
        "ids": list(job_ids),
        "queues": caller.queue_filter,
        "states": list(states),
    }


async def _retry_what_fits(core: Core, caller: Caller, found: list[int], now: datetime) -> list[Row]:
    """Retry the oldest, as many as the plan has room for with all that they bring back."""
    while True:
        try:
            return await retry_jobs(core, caller, found, now)
        except QuotaExceededError as error:
            if not error.room or len(found) == 1:
                raise
            # Room for all of them is not room enough where steps bring back what waited for them.
            found = found[: error.room if error.room < len(found) else len(found) // 2]


async def _find_dead(core: Core, caller: Caller, wanted: DeadFilter) -> list[int]:
    given = {
        "queue": wanted.queue,
        "keyed": caller.queues,
        "ids": wanted.job_ids,
        "older_than": wanted.older_than,
    }
    conditions = "\n".join(QUERIES[f"where_{name}"].sql for name, value in given.items() if value is not None)
    rows = await core.store.fetch(
        caller.scope,
        QUERIES["find_dead"].filled(conditions=conditions),
        org_id=caller.org_id,
        queue=wanted.queue,
        queues=caller.queue_filter,
        ids=[ids.decode("job", public_id) for public_id in wanted.job_ids or ()],
        older_than=wanted.older_than,
        limit=wanted.limit,
    )
    return [row["id"] for row in rows]
