"""Organizations at the limits of their plans: the ways to one more of a resource, and what a refusal says."""

import json

import httpx

from shared import ids
from shared.core import Core
from shared.store import SYSTEM, Query
from tests.support.api import Api, Tenant

ADMIN = {"X-Admin-Key": "admin-key-for-tests"}
SCHEDULE = {"name": "s", "cron_expression": "0 0 1 1 *", "queue_name": "emails", "payload_template": {}}


async def put_on(core: Core, org: Tenant, tier: str, **limits: int | None) -> None:
    """Put an organization on a plan, with limits of its own, and no rate, for the next request."""
    limits |= {"rate_limit_requests_per_second": 100_000, "rate_limit_burst": 100_000}
    statement = (
        "UPDATE organization SET plan_tier = %(tier)s, custom_limits = %(limits)s::jsonb"
        " WHERE org_id = %(org_id)s"
    )
    org_id = ids.decode("org", org.org_id)
    await core.store.fetch(
        SYSTEM, Query("plan", statement, hot=False), tier=tier, limits=json.dumps(limits), org_id=org_id
    )
    core.key_cache.forget(org_id)


async def used(org: Tenant, resource: str) -> int:
    current: int = (await org.get("/organizations/usage"))["usage"][resource]["current"]
    return current


def assert_refused(response: httpx.Response, resource: str, current: int, limit: int, plan: str) -> None:
    """The answer is a plan limit as clients tell it from a rate limit."""
    assert response.status_code == 429, response.text
    body = response.json()
    facts = {"resource": resource, "current": current, "limit": limit, "plan": plan}
    if plan != "enterprise":
        facts["upgrade_to"] = {"free": "starter", "starter": "pro", "pro": "enterprise"}[plan]
    assert (body["error"], body["code"], body["details"]) == ("limit_exceeded", "QUOTA_EXCEEDED", facts)
    assert {name: body[name] for name in facts} == facts
    assert f"{resource} limit reached ({current}/{limit})" in body["message"]
    assert "retry-after" not in response.headers


async def push(org: Tenant) -> httpx.Response:
    return await org.raw("POST", "/jobs", json={"queue": "emails", "payload": 1})


async def push_by_bulk(org: Tenant) -> httpx.Response:
    body = {"queue": "emails", "jobs": [{"payload": 1}]}
    return await org.raw("POST", "/jobs/bulk", json=body)


async def push_to_new_queue(org: Tenant) -> httpx.Response:
    return await org.raw("POST", "/jobs", json={"queue": "another", "payload": 1})


async def new_workflow(org: Tenant) -> httpx.Response:
    jobs = [{"key": "a", "queue_name": "emails", "payload": {}}]
    return await org.raw("POST", "/workflows", json={"name": "w", "jobs": jobs})


async def new_queue(org: Tenant) -> httpx.Response:
    return await org.raw("POST", "/queues", json={"queue_name": "another"})


async def configure_new_queue(org: Tenant) -> httpx.Response:
    return await org.raw("PUT", "/queues/another/config", json={"max_retries": 1})


async def new_worker(org: Tenant) -> httpx.Response:
    return await org.raw("POST", "/workers/register", json={"queue_name": "emails", "hostname": "h"})


async def new_schedule(org: Tenant) -> httpx.Response:
    return await org.raw("POST", "/schedules", json=SCHEDULE)


async def new_key(org: Tenant) -> httpx.Response:
    return await org.raw("POST", "/api-keys", json={"name": "k"})


async def new_key_of_organization(org: Tenant) -> httpx.Response:
    return await org.raw("POST", f"/organizations/{org.org_id}/api-keys", json={"name": "k"})


async def new_key_by_admin(org: Tenant) -> httpx.Response:
    path = f"/admin/organizations/{org.org_id}/api-keys"
    return await Api(org.client).raw("POST", path, json={"name": "k"}, headers=ADMIN)


async def trigger(org: Tenant) -> httpx.Response:
    (schedule,) = await org.get("/schedules")
    return await org.raw("POST", f"/schedules/{schedule['id']}/trigger")


async def retry(org: Tenant) -> httpx.Response:
    dead = await org.get("/jobs/dlq")
    return await org.raw("POST", f"/jobs/{dead[0]['id']}/retry")


async def retry_dead(org: Tenant) -> httpx.Response:
    return await org.raw("POST", "/jobs/dlq/retry", json={"limit": 1})
