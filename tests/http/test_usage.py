"""Plans, what is used of them, and what is above them."""

from typing import Any

import pytest

from shared import ids
from shared.core import Core
from shared.limits.plans import LIMIT_NAMES, PLANS, limits_of
from shared.store import SYSTEM, Query
from tests.support.api import Tenant
from tests.support.clock import MovingClock

RESOURCES = {
    "jobs_today",
    "active_jobs",
    "queues",
    "workers",
    "api_keys",
    "schedules",
    "workflows",
    "webhooks",
}


async def put_on_plan(core: Core, org: Tenant, tier: str, limits: str | None = None) -> None:
    """Put an organization on a plan, past the API."""
    statement = (
        "UPDATE organization SET plan_tier = %(tier)s, custom_limits = %(limits)s::jsonb"
        " WHERE org_id = %(org_id)s"
    )
    org_id = ids.decode("org", org.org_id)
    await core.store.fetch(
        SYSTEM, Query("plan", statement, hot=False), tier=tier, limits=limits, org_id=org_id
    )
    core.key_cache.forget(org_id)


async def test_usage_of_an_unlimited_plan(org: Tenant) -> None:
    """All eight figures stand there with null limits, and nothing warns."""
    await org.bury()
    await org.push()
    info = await org.get("/organizations/usage")

    assert (info["plan"], info["plan_display_name"], info["warnings"]) == ("enterprise", "Enterprise", [])
    assert set(info["usage"]) == RESOURCES
    assert set(info["limits"]) == {"tier", "display_name", *LIMIT_NAMES}
    assert info["usage"]["jobs_today"] == {
        "current": 2,
        "limit": None,
        "percentage": None,
        "is_disabled": False,
    }
    current = {resource: item["current"] for resource, item in info["usage"].items()}
    assert (current["active_jobs"], current["queues"], current["api_keys"]) == (1, 1, 1)


async def test_usage_warns_near_and_at_the_limit(core: Core, org: Tenant) -> None:
    """From 80 % a figure warns, at the limit it is critical, and a limit of 0 is a feature that is off."""
    await put_on_plan(core, org, "free", '{"max_active_jobs": 5, "max_queues": 1, "max_webhooks": null}')
    for _ in range(4):
        await org.push()
    info = await org.get("/organizations/usage")

    assert {(item["resource"], item["severity"]) for item in info["warnings"]} == {
        ("active_jobs", "warning"),
        ("queues", "critical"),
    }
    assert info["usage"]["active_jobs"] == {
        "current": 4,
        "limit": 5,
        "percentage": 80.0,
        "is_disabled": False,
    }
    assert info["usage"]["workflows"]["is_disabled"] is True
    assert info["limits"]["max_webhooks"] is None


async def test_the_day_of_a_plan_ends_at_midnight(clock: MovingClock, org: Tenant) -> None:
    """Jobs of yesterday are not counted among today's."""
    await org.push()
    clock.advance(days=1)

    usage = (await org.get("/organizations/usage"))["usage"]

    assert (usage["jobs_today"]["current"], usage["active_jobs"]["current"]) == (0, 1)


@pytest.mark.parametrize(
    ("tier", "kilobytes"), [("free", 256), ("starter", 512), ("pro", 1024), ("enterprise", 5120)]
)
async def test_a_payload_above_the_plans_ceiling_is_413(
    core: Core, org: Tenant, tier: str, kilobytes: int
) -> None:
    """At the ceiling a payload is taken; above it, it is refused, alone and in bulk, and no job is made."""
    await put_on_plan(core, org, tier)
    most = "x" * (kilobytes * 1024 - 2)

    await org.push(payload=most)
    refused = await org.push(payload=most + "x", status=413)
    jobs = [{"payload": 1}, {"payload": "é" * (kilobytes * 512)}]
    await org.post("/jobs/bulk", {"queue_name": "bulk", "jobs": jobs}, 413)

    assert refused["code"] == "PAYLOAD_TOO_LARGE"
    assert refused["details"]["limit"] == kilobytes * 1024
    assert len(await org.get("/jobs")) == 1


async def test_an_organizations_own_ceiling_wins(core: Core, org: Tenant) -> None:
    """`custom_limits` lowers the ceiling of one organization."""
    await put_on_plan(core, org, "enterprise", '{"max_payload_size_bytes": 100}')

    await org.push(payload="x" * 99, status=413)
    await org.push(payload="x" * 98)


@pytest.mark.parametrize(
    "own",
    [{"max_queues": "many"}, {"max_queues": -1}, {"max_queues": True}, {"rate_limit_burst": None}, {"x": 1}],
)
def test_what_is_no_limit_is_passed_over(own: dict[str, Any]) -> None:
    """A stored value that no limit can have leaves the plan's own in force."""
    assert limits_of("free", own) == PLANS["free"]


async def test_the_webhook_token_is_there_from_the_start(org: Tenant, other_org: Tenant) -> None:
    """Each organization has a token of its own and an address that names the organization."""
    mine = await org.get("/organizations/webhook-token")
    others = await other_org.get("/organizations/webhook-token")

    assert mine["webhook_token"].startswith("whk_")
    assert mine["token"] == mine["webhook_token"] != others["token"]
    assert mine["webhook_url"] == f"http://spooled/api/v1/webhooks/{org.org_id}/custom"


async def test_a_new_webhook_token_takes_the_place_of_the_old(org: Tenant) -> None:
    """Regenerating answers a new token, which is the one from then on."""
    old = await org.get("/organizations/webhook-token")
    new = await org.post("/organizations/webhook-token/regenerate")

    assert new["token"] != old["token"]
    assert new == await org.get("/organizations/webhook-token")


async def test_a_webhook_token_is_cleared_only_when_confirmed(org: Tenant) -> None:
    """Without `confirm: true` it is 400 and the token stays; with it both fields are null until a new one."""
    before = await org.get("/organizations/webhook-token")
    refused = await org.post("/organizations/webhook-token/clear", {}, 400)
    await org.post("/organizations/webhook-token/clear", {"confirm": False}, 400)

    assert refused["details"][0]["field"] == "confirm"
    assert before == await org.get("/organizations/webhook-token")

    cleared = await org.post("/organizations/webhook-token/clear", {"confirm": True})
    assert (cleared["token"], cleared["webhook_token"]) == (None, None)
    assert cleared == await org.get("/organizations/webhook-token")
    assert (await org.post("/organizations/webhook-token/regenerate"))["token"].startswith("whk_")
