"""The dead-letter queue as a whole: many jobs brought back, or thrown away."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared import ids
from shared.core import Core
from shared.jobs.retry import retry_jobs
from shared.store import load_queries
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
    """Bring dead jobs back; those that were named and are not dead are skipped."""
    rows = await retry_jobs(core, caller, await _find_dead(core, caller, wanted), now)
    retried = {ids.encode("job", row["id"]): None for row in sorted(rows, key=lambda row: row["id"])}
    skipped = [public_id for public_id in dict.fromkeys(wanted.job_ids or ()) if public_id not in retried]
    return {"retried_count": len(retried), "retried_jobs": list(retried), "skipped_jobs": skipped}


async def purge_dead(core: Core, caller: Caller, wanted: DeadFilter) -> int:
    """Delete dead jobs for good; how many."""
    found = await _find_dead(core, caller, wanted)
    rows = await core.store.fetch(caller.scope, QUERIES["purge_dead"], org_id=caller.org_id, ids=found)
    return len(rows)


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
