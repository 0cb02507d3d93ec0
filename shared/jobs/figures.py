"""Figures that never read the archive: what stands unfinished, and what the last hour or day brought.

A timer counts each job once when it was made and once when it ended, in slots of five minutes. A figure of
the last day is the sum of its slots and, counted job by job, the few minutes at both ends.
"""

from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

from shared import ids
from shared.core import Core
from shared.store import SYSTEM, in_batches, load_queries

_SLOT = timedelta(minutes=5)
_SLOTS_KEPT = timedelta(hours=25)
_UNSETTLED = timedelta(minutes=1)
"""Longer than a statement may run: what was made or finished before that is committed."""
_STEP = timedelta(minutes=15)
"""That is counted at once of an organization: at 2,000 jobs a second a third of what a statement may take."""
_PAGE = 100
_OPEN = load_queries(__file__)
QUERIES = load_queries(__file__, ended=_OPEN["ended"].sql)
MARK = _OPEN["mark"].sql
"""SQL: up to when the jobs of the organization are in its totals and slots."""
OF_ORGANIZATION = "job.org_id = %(org_id)s"
OF_ALL = "job.org_id > 0"


def unfinished(whose: str) -> str:
    """SQL: one row of the unfinished jobs by state, of those that `whose` selects. Takes `now`."""
    return QUERIES["unfinished"].filled(whose=whose).sql


def finished_since(
    window: str, *, org: str = "%(org_id)s", mark: str = MARK, queue: str | None = None
) -> str:
    """SQL: rows of `completed`, `failed`, `wait_ms` and `processing_ms` to add up, since a `window` began."""
    return (
        QUERIES["finished_since"]
        .filled(
            window=window,
            org=org,
            mark=mark,
            of_slots="" if queue is None else f"AND job_slot.queue = {queue}",
            of_jobs="" if queue is None else _OPEN["of_jobs"].filled(table="job_archive", queue=queue).sql,
        )
        .sql
    )


def created_since(window: str, *, queue: str | None = None) -> str:
    """SQL: rows of `created` to add up, since a `window` began."""
    live, settled = (
        "" if queue is None else _OPEN["of_jobs"].filled(table=table, queue=queue).sql
        for table in ("job", "job_archive")
    )
    return (
        QUERIES["created_since"]
        .filled(
            window=window,
            mark=MARK,
            of_slots="" if queue is None else f"AND job_slot.queue = {queue}",
            of_live=live,
            of_settled=settled,
        )
        .sql
    )


def window(name: str, since: datetime) -> dict[str, Any]:
    """The parameters of a window of that name: where it begins, and its first whole slot."""
    slot = _slot_of(since + _SLOT - timedelta(microseconds=1))
    return {
        name: since,
        f"{name}_id": ids.first_of(since, timedelta(0)),
        f"{name}_slot": slot,
        f"{name}_slot_id": ids.first_of(slot, timedelta(0)),
    }


async def count_slots(core: Core, now: datetime, deadline: float) -> int:
    """Bring totals and slots of all organizations up to date; of how many that were behind it did."""
    until = _slot_of(now - _UNSETTLED)
    await core.store.fetch(SYSTEM, QUERIES["mark_new_organizations"])
    behind = 0
    while True:
        page = await core.store.fetch(
            SYSTEM,
            QUERIES["count_slots"],
            until=until,
            step=_STEP,
            kept_since=until - _SLOTS_KEPT,
            limit=_PAGE,
        )
        caught_up = len([row for row in page if row["counted_until"] == until])
        behind += caught_up
        if caught_up == len(page) < _PAGE or monotonic() > deadline:
            return behind


async def forget_old_slots(core: Core, now: datetime, deadline: float) -> int:
    """Delete the slots that lie in no window any more."""
    kept_since = _slot_of(now) - _SLOTS_KEPT
    return await in_batches(core.store, QUERIES["forget_old_slots"], deadline, kept_since=kept_since)


def _slot_of(instant: datetime) -> datetime:
    seconds = int(instant.timestamp())
    return datetime.fromtimestamp(seconds - seconds % int(_SLOT.total_seconds()), UTC)
