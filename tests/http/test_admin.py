"""Administration over HTTP."""

import uuid
from dataclasses import dataclass
from typing import Any

import pytest

from shared.limits.plans import LIMIT_NAMES
from tests.support.api import Api, Tenant
from tests.support.clock import MovingClock

UNKNOWN = "org_0000000000000"


@dataclass
class Admin(Api):
    """Requests with the admin key and no other credential."""

    async def call(self, method: str, path: str, status: int | None = None, **kwargs: Any) -> Any:
        headers = {"X-Admin-Key": "admin-key-for-tests"}
        return await super().call(method, f"/admin{path}", status, headers=headers, **kwargs)

    async def patch(self, org: Tenant, body: Any, status: int = 200) -> Any:
        return await self.call("PATCH", f"/organizations/{org.org_id}", status, json=body)

    async def show(self, org: Tenant) -> Any:
        return await self.get(f"/organizations/{org.org_id}")


@pytest.fixture
def admin(api: Api) -> Admin:
    return Admin(api.client)


def new_slug() -> str:
    return f"a-{uuid.uuid4().hex[:16]}"


async def test_the_list_is_found_by_name_plan_and_page(admin: Admin) -> None:
    """The envelope says how many match, pages and sorts; a limit above the most is cut, not refused."""
    mark = uuid.uuid4().hex
    for name, tier in (("Beta", "pro"), ("Alpha", "free"), ("Gamma", "pro")):
        await admin.post(
            "/organizations", {"name": f"{name} {mark}", "slug": new_slug(), "plan_tier": tier}, 201
        )

    by_name = await admin.get(
        "/organizations", {"search": mark.upper(), "sort_by": "name", "sort_order": "ASC"}
    )
    pro = await admin.get("/organizations", {"search": mark, "plan_tier": "pro", "limit": 1, "offset": 1})
    beyond = await admin.get("/organizations", {"search": mark, "offset": 99, "limit": 99_999})

    assert [item["name"].split()[0] for item in by_name["organizations"]] == ["Alpha", "Beta", "Gamma"]
    assert (by_name["total"], by_name["limit"], by_name["offset"]) == (3, 50, 0)
    assert (pro["total"], [item["name"].split()[0] for item in pro["organizations"]]) == (2, ["Beta"])
    assert (beyond["total"], beyond["limit"], beyond["organizations"]) == (3, 1000, [])
    await admin.get("/organizations", {"sort_by": "secret"}, status=400)
    await admin.get("/organizations", {"search": "%' OR 1=1 --"})


async def test_an_item_of_the_list_has_its_figures(admin: Admin, org: Tenant) -> None:
    """Jobs, queues and keys are counted for the item's own organization."""
    slug = (await admin.show(org))["slug"]
    await org.bury()
    await org.push()
    (item,) = (await admin.get("/organizations", {"search": slug}))["organizations"]

    assert (item["id"], item["jobs_today"], item["active_jobs"]) == (org.org_id, 2, 1)
    assert item["usage"] == {"jobs_today": 2, "active_jobs": 1, "queues": 1, "workers": 0, "api_keys": 1}


async def test_an_organization_is_made_on_any_plan(admin: Admin) -> None:
    """The answer holds the organization and a key that works; without a plan it is free."""
    slug = new_slug()
    made = await admin.post(
        "/organizations",
        {
            "name": "Made",
            "slug": slug,
            "plan_tier": "starter",
            "settings": {"team": "a"},
            "custom_limits": {"max_queues": 3, "tier": "x"},
        },
        201,
    )
    tenant = Tenant(admin.client, made["api_key"]["key"], made["id"])
    info = await tenant.get("/organizations/usage")
    free = await admin.post("/organizations", {"name": "Free", "slug": new_slug()}, 201)

    assert (made["organization"]["slug"], made["settings"]) == (slug, {"team": "a"})
    assert made["api_key_id"] == made["api_key"]["id"]
    assert (info["plan"], info["limits"]["max_queues"], info["limits"]["max_workers"]) == ("starter", 3, 5)
    assert made["custom_limits"] == {"max_queues": 3}
    assert free["plan_tier"] == "free"
    await admin.post("/organizations", {"name": "Again", "slug": slug}, 409)


async def test_one_organization_is_shown_with_its_figures(admin: Admin, org: Tenant) -> None:
    """The page of an organization holds its figures in every shape that clients read."""
    await org.bury()
    await org.push()
    shown = await admin.show(org)

    assert shown["usage_info"]["plan"] == shown["plan_tier"] == "enterprise"
    assert (shown["total_jobs"], shown["api_keys_count"]) == (2, 1)
    assert shown["usage"] == {"jobs_today": 2, "active_jobs": 1, "queues": 1, "workers": 0, "api_keys": 1}
    assert shown["resource_counts"]["webhooks"] == 0


async def test_a_plan_holds_from_the_next_request_on(admin: Admin, org: Tenant) -> None:
    """A change of the plan is in force at once, custom limits override it, and null or {} takes them back."""
    await org.push(payload="x" * 300_000)
    changed = await admin.patch(org, {"plan_tier": "free", "name": "Renamed", "settings": {"a": 1}})
    await org.push(payload="x" * 300_000, status=413)
    await admin.patch(org, {"custom_limits": {"max_payload_size_bytes": 400_000, "max_queues": None}})
    await org.push(payload="x" * 300_000)
    kept = await admin.patch(org, {"name": "Again"})
    none = await admin.patch(org, {"custom_limits": {}})
    await admin.patch(org, {"custom_limits": {"max_queues": 1}})
    null = await admin.patch(org, {"custom_limits": None})

    assert (changed["plan_tier"], changed["name"], changed["settings"]) == ("free", "Renamed", {"a": 1})
    assert kept["custom_limits"] == {"max_payload_size_bytes": 400_000, "max_queues": None}
    assert none["custom_limits"] is None
    assert null["custom_limits"] is None


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"plan_tier": "platinum"}, 400),
        ({"is_active": "no"}, 422),
        ({"custom_limits": {"max_queues": -1}}, 400),
        ({"custom_limits": {"max_queues": "many"}}, 422),
        ({"custom_limits": []}, 422),
        ({"stripe_subscription_status": "happy"}, 400),
    ],
)
async def test_a_change_that_breaks_a_rule_is_refused(
    admin: Admin, org: Tenant, body: dict[str, Any], status: int
) -> None:
    """A bad value is a 4xx that names its field, and changes nothing."""
    before = await admin.show(org)
    refused = await admin.patch(org, body, status)

    assert refused["details"][0]["field"].startswith(next(iter(body)))
    assert before == await admin.show(org)


async def test_a_stripe_customer_belongs_to_one_organization(
    admin: Admin, org: Tenant, other_org: Tenant
) -> None:
    """Linking a customer that another organization has is 409."""
    customer = f"cus_{uuid.uuid4().hex}"
    linked = await admin.patch(org, {"stripe_customer_id": customer, "stripe_subscription_status": "active"})

    assert (linked["stripe_customer_id"], linked["stripe_subscription_status"]) == (customer, "active")
    await admin.patch(other_org, {"stripe_customer_id": customer}, 409)


async def test_an_organization_that_is_not_active_is_let_in_again(admin: Admin, org: Tenant) -> None:
    """A plain delete closes an organization and keeps what it has; activating it opens it again."""
    await org.push()
    await admin.delete(f"/organizations/{org.org_id}")
    await org.get("/jobs", status=401)
    closed = await admin.show(org)
    opened = await admin.patch(org, {"is_active": True})

    assert (closed["is_active"], opened["is_active"]) == (False, True)
    assert len(await org.get("/jobs")) == 1


async def test_a_hard_delete_leaves_nothing_to_find(admin: Admin, org: Tenant, other_org: Tenant) -> None:
    """After a hard delete the organization is 404 and its slug is free; others are as they were."""
    slug = (await admin.show(org))["slug"]
    await org.push()
    await other_org.push()
    await admin.delete(f"/organizations/{org.org_id}?hard_delete=true")

    await org.get("/jobs", status=401)
    await admin.get(f"/organizations/{org.org_id}", status=404)
    assert (await admin.get("/organizations", {"search": slug}))["total"] == 0
    assert len(await other_org.get("/jobs")) == 1
    await admin.post("/organizations", {"name": "Next", "slug": slug}, 201)


async def test_a_key_is_made_for_any_organization(admin: Admin, org: Tenant) -> None:
    """The new key works and is held to its queues."""
    made = await admin.post(
        f"/organizations/{org.org_id}/api-keys",
        {"name": "Support", "queues": ["reports"], "expires_at": "2040-01-01T00:00:00Z"},
        201,
    )
    narrow = Tenant(org.client, made["key"], org.org_id)

    assert set(made) == {"id", "key", "name", "created_at", "expires_at"}
    await narrow.push("reports")
    await narrow.push("emails", status=403)


async def test_the_days_count_begins_again(admin: Admin, org: Tenant, clock: MovingClock) -> None:
    """After a reset only jobs made later are counted as today's."""
    await org.push()
    clock.advance(seconds=1)
    reset = await admin.post(f"/organizations/{org.org_id}/reset-usage")

    assert reset == {"reset": True, "organization_id": org.org_id}
    assert (await admin.show(org))["usage"]["jobs_today"] == 0


async def test_the_service_is_shown_in_figures(admin: Admin, org: Tenant) -> None:
    """Figures of all organizations grow with what one does."""
    before = await admin.get("/stats")
    await org.bury()
    await org.push()
    await org.push()
    await org.dequeue()
    after = await admin.get("/stats")

    grown = {name: after["jobs"][name] - before["jobs"][name] for name in after["jobs"]}
    assert grown == {
        "total_active": 2,
        "pending": 1,
        "processing": 1,
        "completed_24h": 0,
        "failed_24h": 1,
    }
    plans = {item["plan"]: item["count"] for item in after["organizations"]["by_plan"]}
    assert set(plans) == {"free", "starter", "pro", "enterprise"}
    assert sum(plans.values()) == after["organizations"]["total"]
    assert after["organizations"]["created_this_week"] >= after["organizations"]["created_today"] >= 1
    assert after["workers"]["total"] == after["workers"]["healthy"] + after["workers"]["degraded"]


async def test_the_plans_are_listed_with_every_limit(admin: Admin) -> None:
    """Each plan has every key, null where it has no limit."""
    plans = await admin.get("/plans")

    assert [plan["tier"] for plan in plans] == ["free", "starter", "pro", "enterprise"]
    assert all(set(plan) == {"tier", "display_name", *LIMIT_NAMES} for plan in plans)
    assert plans[0]["max_workflows"] == 0
    assert plans[3]["max_queues"] is None


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("PATCH", "", {"name": "x"}),
        ("DELETE", "", None),
        ("DELETE", "?hard_delete=true", None),
        ("POST", "/api-keys", {"name": "x"}),
        ("POST", "/reset-usage", None),
    ],
)
async def test_an_unknown_organization_is_404(admin: Admin, method: str, path: str, body: Any) -> None:
    """Well formed or not, an id that names nothing is not there."""
    for org_id in (UNKNOWN, "nonsense"):
        await admin.call(method, f"/organizations/{org_id}{path}", 404, json=body)
