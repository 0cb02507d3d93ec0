"""The outbox as a test sees it: who subscribed, and what was written for them."""

from dataclasses import dataclass
from typing import Any

import orjson

from shared import ids
from shared.core import Core
from shared.store import SYSTEM, Query
from tests.support.api import Tenant
from tests.support.clock import MovingClock

SUBSCRIBE = Query(
    "subscribe",
    "INSERT INTO webhook (org_id, name, url, events, enabled, created_at, updated_at)"
    " VALUES (%(org_id)s, 'w', 'https://example.com/', %(events)s, %(enabled)s, now(), now()) RETURNING id",
    hot=False,
)
DELIVERIES = Query(
    "deliveries",
    "SELECT webhook_id, event, data, url, sealed_secret, state, next_attempt_at, created_at"
    " FROM webhook_delivery WHERE org_id = %(org_id)s ORDER BY id",
    hot=False,
)
EVENTS = (
    "job.created",
    "job.started",
    "job.completed",
    "job.failed",
    "job.cancelled",
    "job.deadlettered",
    "job.retried",
    "queue.paused",
    "queue.resumed",
    "worker.registered",
    "worker.deregistered",
    "schedule.triggered",
    "workflow.completed",
    "workflow.failed",
)


@dataclass(frozen=True)
class World:
    """Where a change happens."""

    core: Core
    org: Tenant
    clock: MovingClock


async def subscribe(core: Core, org: Tenant, *events: str, enabled: bool = True) -> int:
    """A webhook of the organization, for all events unless some are named; its key."""
    org_id = ids.decode("org", org.org_id)
    row = await core.store.fetch_one(
        SYSTEM, SUBSCRIBE, org_id=org_id, events=list(events or EVENTS), enabled=enabled
    )
    assert row is not None
    return int(row["id"])


async def deliveries(core: Core, org: Tenant) -> list[dict[str, Any]]:
    """What was written for the organization's webhooks, in order, with the data read."""
    rows = await core.store.fetch(SYSTEM, DELIVERIES, org_id=ids.decode("org", org.org_id))
    return [row | {"data": orjson.loads(orjson.dumps(row["data"]))} for row in rows]


async def told(core: Core, org: Tenant) -> list[tuple[str, Any]]:
    """The events with their data, in order."""
    return [(row["event"], row["data"]) for row in await deliveries(core, org)]


async def names(core: Core, org: Tenant) -> list[str]:
    return [event for event, _ in await told(core, org)]
