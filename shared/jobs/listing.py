"""Lists of jobs: the newest first, straight off an index, live and finished as one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.core import Core
from shared.errors import InvalidInputError
from shared.jobs.model import SETTLED_STATES, summary_answer
from shared.store import load_queries
from shared.tenants.caller import Caller

QUERIES = load_queries(__file__)
LIVE_STATUSES = ("pending", "scheduled", "processing")
STATUSES = (*LIVE_STATUSES, *SETTLED_STATES)
LARGEST_PAGE = 1000
_SPELLINGS = {"dead_letter": "deadletter"}


@dataclass(frozen=True, slots=True)
class JobFilter:
    """What to list; None does not filter."""

    queue: str | None = None
    statuses: tuple[str, ...] | None = None
    limit: int = 50
    offset: int = 0


def parse_statuses(text: str | None) -> tuple[str, ...] | None:
    """The statuses of a comma list; `dead_letter` means `deadletter`.

    Raises InvalidInputError for a word that is no status.
    """
    if text is None:
        return None
    words = [word.strip().lower() for word in text.split(",") if word.strip()]
    statuses = tuple(_SPELLINGS.get(word, word) for word in words)
    for status in statuses:
        if status not in STATUSES:
            raise InvalidInputError.of_field(
                "status", f"{status[:50]!r} is none of {', '.join(STATUSES)}", "unknown_status"
            )
    return statuses or None


async def list_jobs(
    core: Core, caller: Caller, wanted: JobFilter, now: datetime
) -> tuple[list[dict[str, Any]], bool]:
    """A page of job summaries, and whether more follow. The page size is cut to LARGEST_PAGE."""
    limit = min(wanted.limit, LARGEST_PAGE)
    statuses = wanted.statuses or STATUSES
    conditions = {"queue": wanted.queue is not None, "keyed": caller.queues is not None}
    query = QUERIES["list_jobs"].filled(
        live=_conditions(conditions, "live_statuses" if wanted.statuses else None),
        settled=_conditions(conditions, "settled_statuses" if wanted.statuses else None),
    )
    rows = await core.store.fetch(
        caller.scope,
        query,
        org_id=caller.org_id,
        queue=wanted.queue,
        queues=caller.queue_filter,
        statuses=list(statuses),
        need=wanted.offset + limit + 1,
        limit=limit + 1,
        offset=wanted.offset,
        now=now,
    )
    return [summary_answer(row, now) for row in rows[:limit]], len(rows) > limit


def _conditions(given: dict[str, bool], statuses: str | None) -> str:
    names = [name for name, is_given in given.items() if is_given] + ([statuses] if statuses else [])
    return "\n".join(QUERIES[f"where_{name}"].sql for name in names)
