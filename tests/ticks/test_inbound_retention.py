"""Retention of the log of inbound webhooks: it goes after the history of its plan."""

import uuid

import pytest

from functions.ticks.retention import run_once
from shared.core import Core
from shared.settings import Settings
from tests.support.api import Tenant
from tests.support.clock import MovingClock
from tests.support.inbound import GITHUB_SECRET, github, log, set_settings
from tests.support.servers import Servers

BUDGET = 30.0


@pytest.fixture
def settings(servers: Servers, redis_url: str) -> Settings:
    """A database of each test's own, since the whole of it ages."""
    return Settings(
        spooled_env="development",
        database_url=servers.new_database(f"inbound_{uuid.uuid4().hex}"),
        redis_url=redis_url,
        admin_api_key="admin-key-for-tests",
        validate_answers=True,
    )


async def test_a_delivery_is_known_for_as_long_as_the_plan_keeps_history(
    org: Tenant, core: Core, clock: MovingClock
) -> None:
    """Long after idempotency keys are forgotten it is a duplicate, and after its retention a new one."""
    await set_settings(org, github_webhook_secret=GITHUB_SECRET)
    limits = {"custom_limits": {"history_retention_days": 30}}
    admin = {"X-Admin-Key": core.settings.admin_api_key}
    await org.call("PATCH", f"/admin/organizations/{org.org_id}", 200, json=limits, headers=admin)
    first = (await github(org, X_GitHub_Delivery="d-1")).json()
    clock.advance(days=29, hours=23)
    early = await run_once.run_once(core, clock(), BUDGET)
    again = (await github(org, b'{"ref": "other"}', X_GitHub_Delivery="d-1")).json()
    clock.advance(hours=2)
    late = await run_once.run_once(core, clock(), BUDGET)
    left = await log(org)
    anew = (await github(org, X_GitHub_Delivery="d-1")).json()

    assert (early["inbound_deliveries"], late["inbound_deliveries"]) == (0, 1)
    assert again == first | {"status": "duplicate", "created": False}
    assert [entry["status"] for entry in left] == ["duplicate"]
    assert anew["created"] is True
