"""Filters of jobs: the same for lists and for acts on many jobs."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from shared import ids
from shared.errors import InvalidInputError
from shared.jobs.model import SETTLED_STATES
from shared.store import load_queries
from shared.tenants.caller import Caller

QUERIES = load_queries(__file__)
LIVE_STATUSES = ("pending", "scheduled", "processing")
STATUSES = (*LIVE_STATUSES, *SETTLED_STATES)
_SPELLINGS = {"dead_letter": "deadletter"}
_ID_SLACK = timedelta(minutes=10)
"""How far the clocks of database and functions may be apart: more than they are, for each minute is read."""


@dataclass(frozen=True, slots=True)
class JobFilter:
    """What to list; None does not filter.

    `q` is part of a queue name or job type, or the head of an id; `cause` the id of a group of dead jobs;
    `after` the last job of the page before, in an order by creation.
    """

    queue: str | None = None
    statuses: tuple[str, ...] | None = None
    limit: int = 50
    offset: int = 0
    q: str | None = None
    job_type: str | None = None
    tag: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    cause: str | None = None
    job_ids: tuple[str, ...] | None = None
    after: str | None = None
    order_by: str = "created_at"
    descending: bool = True


def parse_statuses(text: str | None) -> tuple[str, ...] | None:
    """The statuses of a comma list; `dead_letter` means `deadletter`.

    Raises InvalidInputError for a word that is no status.
    """
    if text is None:
        return None
    words = [word.strip().lower() for word in text.split(",") if word.strip()]
    statuses = tuple(dict.fromkeys(_SPELLINGS.get(word, word) for word in words))
    for status in statuses:
        if status not in STATUSES:
            raise InvalidInputError.of_field(
                "status", f"{status[:50]!r} is none of {', '.join(STATUSES)}", "unknown_status"
            )
    return statuses or None


def narrowed(caller: Caller, wanted: JobFilter) -> JobFilter:
    """The filter as it is asked of the database: the one queue of a key, the one status that has causes.

    Raises InvalidInputError for a cause together with other statuses.
    """
    if wanted.queue is None and caller.queues is not None and len(caller.queues) == 1:
        wanted = replace(wanted, queue=caller.queues[0])
    if wanted.cause is None:
        return wanted
    if wanted.statuses not in (None, ("deadletter",)):
        raise InvalidInputError.of_field(
            "cause", "only dead letters have one: leave `status` out, or send `deadletter`", "other_status"
        )
    return replace(wanted, statuses=("deadletter",))


def conditions(caller: Caller, wanted: JobFilter) -> list[str]:
    """The names of the conditions that a narrowed filter sets, beside the status."""
    given = {
        "queue": wanted.queue,
        "keyed": caller.queues,
        "q": wanted.q,
        "job_type": wanted.job_type,
        "tag": wanted.tag,
        "created_after": wanted.created_after,
        "created_before": wanted.created_before,
        "cause": wanted.cause,
        "job_ids": wanted.job_ids,
    }
    return [name for name, value in given.items() if value is not None]


def where(names: list[str]) -> str:
    """Conditions as SQL of the table `job`, by their names; a status is one too."""
    return "\n".join(QUERIES[f"where_{name}"].sql for name in names)


def half_of(status: str) -> str:
    """Where jobs of that status are: among the `live` or the `settled` ones."""
    return "live" if status in LIVE_STATUSES else "settled"


def parameters(caller: Caller, wanted: JobFilter, now: datetime) -> dict[str, Any]:
    """The values of all conditions of a narrowed filter."""
    q_first, q_last = ids.range_of_head("job", wanted.q or "")
    return {
        "org_id": caller.org_id,
        "queue": wanted.queue,
        "queues": caller.queue_filter,
        "q": wanted.q,
        "q_first": q_first,
        "q_last": q_last,
        "job_type": wanted.job_type,
        "tag": wanted.tag,
        "created_after": wanted.created_after,
        "created_before": wanted.created_before,
        "first_id": ids.first_of(wanted.created_after or now, -_ID_SLACK),
        "last_id": ids.first_of(wanted.created_before or now, _ID_SLACK),
        "cause": None if wanted.cause is None else ids.decode("cause", wanted.cause),
        "job_ids": [ids.decode("job", public_id) for public_id in wanted.job_ids or ()],
        "after": None if wanted.after is None else ids.decode("job", wanted.after),
        "now": now,
    }
