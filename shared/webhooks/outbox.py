"""The outbox: the statement that changes something also writes what webhooks are to hear of it.

Parts of SQL for that statement, so that both hold or fall together. Each is a scalar subquery that the
statement must read, as a column of what it returns: PostgreSQL leaves out what nobody reads.
"""

from shared.store import load_queries

FRAGMENTS = load_queries(__file__)


def telling(*events: str, rows: str, item: str) -> str:
    """Tells each of the events of each row of the CTE `rows`; `item` makes the event's data from a row."""
    names = ", ".join(f"'{event}'" for event in events)
    return FRAGMENTS["told"].filled(events=f"ARRAY[{names}]", rows=rows, item=item).sql


def telling_of_jobs(
    *events: str, rows: str, result: str = "NULL", error: str = "NULL", worker: str | None = None
) -> str:
    """Tells of jobs; `result` and `error` are what to say of them, `worker` is the row's unless given."""
    filled = FRAGMENTS["job_item"].filled(
        rows=rows, result=result, error=error, worker=worker or f"{rows}.worker_id"
    )
    return telling(*events, rows=rows, item=filled.sql)


def telling_completions(event: str) -> str:
    """Tells the addresses that the jobs of the CTE `archived` brought with them."""
    return FRAGMENTS["told_itself"].filled(event=event).sql
