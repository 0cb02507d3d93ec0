"""Dead letters by cause: jobs whose errors say the same of different things are one group."""

from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any

from shared import ids
from shared.core import Core
from shared.jobs.cause import cause_of, cause_text
from shared.store import SYSTEM, Row, load_queries
from shared.tenants.caller import Caller

QUERIES = load_queries(__file__)
LARGEST_PAGE = 1_000
_BATCH = 1_000


@dataclass(frozen=True, slots=True)
class CauseFilter:
    """Which dead jobs to group; None does not filter. `since` is when they died, inclusive."""

    limit: int = 50
    offset: int = 0
    queue: str | None = None
    since: datetime | None = None


async def list_causes(core: Core, caller: Caller, wanted: CauseFilter) -> tuple[list[dict[str, Any]], bool]:
    """A page of groups of dead jobs, the largest first, and whether more follow.

    The page size is cut to LARGEST_PAGE. A job that died before there were causes has none for an hour.
    """
    limit = min(wanted.limit, LARGEST_PAGE)
    given = {"queue": wanted.queue, "keyed": caller.queues, "since": wanted.since}
    conditions = "\n".join(QUERIES[f"where_{name}"].sql for name, value in given.items() if value is not None)
    rows = await core.store.fetch(
        caller.scope,
        QUERIES["dead_causes"].filled(conditions=conditions),
        org_id=caller.org_id,
        queue=wanted.queue,
        queues=caller.queue_filter,
        since=wanted.since,
        limit=limit + 1,
        offset=wanted.offset,
    )
    return [_answer(row) for row in rows[:limit]], len(rows) > limit


async def fill_causes(core: Core, deadline: float) -> int:
    """Give a cause to the jobs that died before there were causes; how many."""
    total = 0
    while True:
        rows = await core.store.fetch(SYSTEM, QUERIES["without_cause"], limit=_BATCH)
        if rows:
            await core.store.fetch(
                SYSTEM,
                QUERIES["fill_causes"],
                org_ids=[row["org_id"] for row in rows],
                ids=[row["id"] for row in rows],
                causes=[cause_of(row["last_error"] or "") for row in rows],
            )
        total += len(rows)
        if len(rows) < _BATCH or monotonic() >= deadline:
            return total


def _answer(row: Row) -> dict[str, Any]:
    return {
        "id": ids.encode_optional("cause", row["cause"]),
        "cause": cause_text(row["error"] or ""),
        "count": row["jobs"],
        "queues": row["queues"],
        "example_job_id": ids.encode("job", row["newest"]),
        "sample_error": row["error"],
        "first_seen": row["first_seen"],
        "last_seen": row["last_seen"],
    }
