"""The outbox: the statement that changes something also says what webhooks and watchers are to hear of it.

Parts of SQL for that statement, so that both hold or fall together. Each is a scalar subquery that the
statement must read, as a column of what it returns: PostgreSQL leaves out what nobody reads.
"""

from shared.store import load_queries
from shared.webhooks.events import EVENTS

FRAGMENTS = load_queries(__file__)


def telling(*events: str, rows: str, item: str) -> str:
    """Tells each of the events of each row of the CTE `rows`; `item` makes the event's data from a row.

    Webhooks hear of those that they know (`shared/webhooks/model.py`), who watches the organization of all.
    """
    names = ", ".join(f"'{event}'" for event in events)
    fragment = FRAGMENTS["told" if any(event in EVENTS for event in events) else "told_live"]
    watched = FRAGMENTS["watched"].sql
    return fragment.filled(events=f"ARRAY[{names}]", rows=rows, item=item, watched=watched).sql


def telling_of_jobs(
    *events: str,
    rows: str,
    previous: str,
    result: str = "NULL",
    error: str = "NULL",
    worker: str | None = None,
    started_at: str = "NULL",
) -> str:
    """Tells of jobs, as SQL of a row: `previous` is the status before, `result` and `error` what to say.

    `worker` is the row's unless given; `started_at` is given where an attempt has ended.
    """
    filled = FRAGMENTS["job_item"].filled(
        rows=rows,
        result=result,
        error=error,
        worker=worker or f"{rows}.worker_id",
        previous=previous,
        started_at=started_at,
    )
    return telling(*events, rows=rows, item=filled.sql)


def telling_completions(event: str) -> str:
    """Tells the addresses that the jobs of the CTE `archived` brought with them."""
    return FRAGMENTS["told_itself"].filled(event=event).sql
