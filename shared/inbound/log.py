"""The log of inbound webhooks, newest first."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared import ids
from shared.core import Core
from shared.store import load_queries
from shared.tenants.caller import Caller

QUERIES = load_queries(__file__)
LARGEST_PAGE = 100


@dataclass(frozen=True, slots=True)
class DeliveryFilter:
    """What to list; None does not filter."""

    status: str | None = None
    since: datetime | None = None
    queue: str | None = None
    limit: int = 50
    offset: int = 0


async def list_deliveries(core: Core, caller: Caller, wanted: DeliveryFilter) -> list[dict[str, Any]]:
    """A page of the log, at most LARGEST_PAGE. Raises ForbiddenError for a key that is held to queues."""
    caller.require_all_queues()
    given = {wanted.status: wanted.status, "queue": wanted.queue, "since": wanted.since}
    conditions = [QUERIES[f"where_{name}"].sql for name, value in given.items() if value is not None]
    rows = await core.store.fetch(
        caller.scope,
        QUERIES["list_deliveries"].filled(conditions="\n".join(conditions)),
        org_id=caller.org_id,
        queue=wanted.queue,
        since=wanted.since,
        limit=min(wanted.limit, LARGEST_PAGE),
        offset=wanted.offset,
    )
    return [
        {
            "id": ids.encode("inb", row["id"]),
            "provider": row["provider"],
            "event_type": row["event_type"],
            "matched_queue": row["queue"],
            "job_id": ids.encode_optional("job", row["job_id"]),
            "status": row["status"],
            "created_at": row["created_at"],
        }
        for row in rows
    ]
