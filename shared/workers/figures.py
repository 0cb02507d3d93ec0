"""How many workers there are, and how many of them are well."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from shared.store import Row, Statement, load_queries
from shared.workers.model import DEGRADED_AFTER, OFFLINE_AFTER

QUERIES = load_queries(__file__)
_LARGEST_ORG = 2**63 - 1


def count_workers(org_id: int | None, now: datetime) -> Statement:
    """Counts the registered workers of an organization, or of all; see `workers_answer`."""
    return Statement(
        QUERIES["count_workers"],
        {
            "first_org": 0 if org_id is None else org_id,
            "last_org": _LARGEST_ORG if org_id is None else org_id,
            "late_since": now - DEGRADED_AFTER,
            "offline_since": now - OFFLINE_AFTER,
        },
    )


def workers_answer(rows: Sequence[Row], others: str) -> dict[str, Any]:
    """All, those that work or drain in good order, and under the name `others` the rest."""
    (row,) = rows
    return {"total": row["total"], "healthy": row["healthy"], others: row["total"] - row["healthy"]}
