"""How many workers there are, and how many of them are well."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from shared.store import Row, Statement, load_queries
from shared.workers.model import DEGRADED_AFTER, OFFLINE_AFTER

QUERIES = load_queries(__file__, counts=load_queries(__file__)["counts"].sql)


def count_workers(org_id: int | None, now: datetime, queues: Sequence[str] | None = None) -> Statement:
    """Counts the registered workers of an organization, or of all; see `workers_answer`.

    queues: only those that work for one of these.
    """
    return Statement(
        QUERIES["count_all_workers" if org_id is None else "count_workers"],
        {
            "org_id": org_id,
            "queues": queues,
            "late_since": now - DEGRADED_AFTER,
            "offline_since": now - OFFLINE_AFTER,
        },
    )


def workers_answer(rows: Sequence[Row], others: str) -> dict[str, Any]:
    """All, those that work or drain in good order, and under the name `others` the rest."""
    (row,) = rows
    return {"total": row["total"], "healthy": row["healthy"], others: row["total"] - row["healthy"]}
