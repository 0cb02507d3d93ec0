"""How long the log of deliveries is kept."""

from datetime import timedelta
from time import monotonic
from typing import Any

import pytest

from shared import ids
from shared.core import Core
from shared.store import SYSTEM, Query
from shared.webhooks.retention import delete_old_webhook_deliveries
from tests.support.api import Tenant
from tests.support.clock import MovingClock
from tests.support.targets import put_in_outbox

WEBHOOK = {"name": "w", "url": "https://hooks.example.com/", "events": ["job.completed"]}


@pytest.mark.parametrize(("days", "left"), [(29, 3), (31, 1)])
async def test_deliveries_are_kept_as_long_as_the_plan_keeps_history(
    core: Core, org: Tenant, other_org: Tenant, clock: MovingClock, days: int, left: int
) -> None:
    """On `pro` they go after thirty days, but for one that is still to be sent; elsewhere they stay."""
    plan = "UPDATE organization SET plan_tier = 'pro' WHERE org_id = %(org_id)s"
    await core.store.fetch(SYSTEM, Query("plan", plan, hot=False), org_id=ids.decode("org", org.org_id))
    ended: dict[str, Any] = {"state": "failed", "next_attempt_at": None}
    kept = []
    for tenant in (org, other_org):
        webhook_id = (await tenant.post("/outgoing-webhooks", WEBHOOK, 201))["id"]
        kept.append((tenant, webhook_id))
        for columns in (ended, {"state": "success", "next_attempt_at": None}, {}):
            await put_in_outbox(core, tenant.org_id, webhook_id, **columns)

    deleted = await delete_old_webhook_deliveries(core, clock() + timedelta(days=days), monotonic() + 30)

    counts = [len(await tenant.get(f"/outgoing-webhooks/{key}/deliveries")) for tenant, key in kept]
    assert counts == [left, 3]
    assert deleted >= 3 - left
