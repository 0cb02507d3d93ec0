"""Taking in a webhook: its job and the entry of its log, both or neither."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared import ids
from shared.core import Core
from shared.inbound.organization import InboundOrganization
from shared.jobs.enqueue import NewJob, enqueue_within, wake_for
from shared.store import load_queries

QUERIES = load_queries(__file__)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came in. `delivery_id` is the provider's own: it is taken in once, for as long as it is logged."""

    provider: str
    event_type: str
    delivery_id: str | None = None


async def take_in(
    core: Core, organization: InboundOrganization, delivery: Delivery, job: NewJob | None, now: datetime
) -> dict[str, Any]:
    """Make the job of a delivery, or find that it came before; without a job it is only logged.

    Raises PayloadTooLargeError and QuotaExceededError; nothing is logged then, so it may be sent again.
    """
    caller = organization.caller
    names: dict[str, Any] = {
        "org_id": caller.org_id,
        "provider": delivery.provider,
        "delivery_id": delivery.delivery_id,
    }
    entry = names | {"event_type": delivery.event_type, "now": now}
    enqueued = []
    async with core.store.transaction(caller.scope, hot=True) as transaction:
        first = await transaction.fetch_one(
            QUERIES["log_first"], **entry, queue=job.queue if job else None, makes_job=job is not None
        )
        if first is None:
            row = await transaction.fetch_one(QUERIES["log_duplicate"], **entry)
        elif job is None:
            row = first
        else:
            enqueued = await enqueue_within(transaction, core, caller, [job], now)
            row = await transaction.fetch_one(
                QUERIES["log_job"],
                org_id=caller.org_id,
                id=first["id"],
                job_id=enqueued[0].job_id,
                status="created" if enqueued[0].created else "duplicate",
            )
    if job and enqueued:
        wake_for(core, caller, [job], enqueued, now)
    assert row is not None
    return {
        "job_id": ids.encode_optional("job", row["job_id"]),
        "queue_name": row["queue"],
        "status": row["status"],
        "created": row["status"] == "created",
    }
