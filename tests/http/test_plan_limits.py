"""Every way to a resource ends at the limit of the plan, and a plan without limits costs nothing."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from shared import ids
from shared.core import Core
from shared.limits.figures import LIMIT_OF
from shared.store import SYSTEM, Query, Store
from tests.support.api import Api, Tenant
from tests.support.limits import (
    ADMIN,
    assert_refused,
    configure_new_queue,
    new_key,
    new_key_by_admin,
    new_key_of_organization,
    new_queue,
    new_schedule,
    new_worker,
    new_workflow,
    push,
    push_by_bulk,
    push_to_new_queue,
    put_on,
    retry,
    retry_dead,
    trigger,
    used,
)

FREE = {"jobs_today": 1_000, "active_jobs": 10, "queues": 2, "workers": 1, "api_keys": 2, "schedules": 1}
Made = Any
Make = Callable[[Tenant], Awaitable[httpx.Response]]
Free = Callable[[Tenant, Made], Awaitable[object]]


async def cancel_a_job(org: Tenant, _: Made) -> None:
    (job, *_) = await org.get("/jobs", {"status": "pending"})
    await org.delete(f"/jobs/{job['id']}")


async def begin_the_count_anew(org: Tenant, _: Made) -> None:
    await Api(org.client).raw("POST", f"/admin/organizations/{org.org_id}/reset-usage", headers=ADMIN)


async def cancel_workflow(org: Tenant, made: Made) -> None:
    await org.post(f"/workflows/{made['workflow_id']}/cancel")


async def delete_queue(org: Tenant, _: Made) -> None:
    await org.delete("/queues/another?delete_jobs=true")


async def deregister(org: Tenant, made: Made) -> None:
    await org.raw("POST", f"/workers/{made['id']}/deregister")


async def delete_schedule(org: Tenant, made: Made) -> None:
    await org.delete(f"/schedules/{made['id']}")


async def revoke_key(org: Tenant, made: Made) -> None:
    await org.delete(f"/api-keys/{made['id']}")


@pytest.mark.parametrize(
    ("resource", "make", "free"),
    [
        ("active_jobs", push, cancel_a_job),
        ("active_jobs", push_by_bulk, cancel_a_job),
        ("active_jobs", new_workflow, cancel_a_job),
        ("active_jobs", trigger, cancel_a_job),
        ("active_jobs", retry, cancel_a_job),
        ("active_jobs", retry_dead, cancel_a_job),
        ("jobs_today", push, begin_the_count_anew),
        ("jobs_today", push_by_bulk, begin_the_count_anew),
        ("jobs_today", new_workflow, begin_the_count_anew),
        ("jobs_today", trigger, begin_the_count_anew),
        ("queues", new_queue, delete_queue),
        ("queues", configure_new_queue, delete_queue),
        ("queues", push_to_new_queue, delete_queue),
        ("workers", new_worker, deregister),
        ("api_keys", new_key, revoke_key),
        ("api_keys", new_key_of_organization, revoke_key),
        ("api_keys", new_key_by_admin, revoke_key),
        ("schedules", new_schedule, delete_schedule),
        ("workflows", new_workflow, cancel_workflow),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
async def test_every_way_to_a_resource_ends_at_the_limit(
    core: Core, org: Tenant, resource: str, make: Make, free: Free
) -> None:
    """One more is made, the next is a 429 that agrees with usage, and once a place is free it is made."""
    await org.bury()
    await org.bury()
    await org.push()
    if make is trigger:
        await new_schedule(org)
    await put_on(core, org, "starter", **{LIMIT_OF[resource]: await used(org, resource) + 1})

    first = await make(org)
    assert first.status_code in (200, 201), first.text
    full = await used(org, resource)
    if make in (new_queue, configure_new_queue, push_to_new_queue):
        refused = await org.raw("POST", "/queues", json={"queue_name": "third"})
    else:
        refused = await make(org)
    assert_refused(refused, resource, full, full, "starter")
    assert await used(org, resource) == full

    await free(org, first.json())
    again = await make(org)
    assert again.status_code in (200, 201), again.text


async def test_the_free_plan_as_published(core: Core, org: Tenant) -> None:
    """Ten active jobs, two queues, one worker, two keys and one schedule fit; a workflow never does."""
    await put_on(core, org, "free")
    for number in range(10):
        await org.push(f"queue{number % 2}")
    for make, resource in (
        (push_to_new_queue, "active_jobs"),
        (new_queue, "queues"),
        (new_worker, "workers"),
        (new_key, "api_keys"),
        (new_schedule, "schedules"),
    ):
        while (response := await make(org)).status_code == 201:
            pass
        assert_refused(response, resource, FREE[resource], FREE[resource], "free")
    job = (await org.get("/jobs"))[0]
    await org.delete(f"/jobs/{job['id']}")

    assert_refused(
        await org.raw(
            "POST",
            "/workflows",
            json={"name": "w", "jobs": [{"key": "a", "queue_name": "queue1", "payload": 1}]},
        ),
        "workflows",
        0,
        0,
        "free",
    )
    assert await used(org, "active_jobs") == 9


async def test_new_organizations_are_on_the_default_plan(api: Api, core: Core) -> None:
    """`DEFAULT_PLAN` binds those that register and those that an administrator makes without a tier."""
    object.__setattr__(core, "settings", core.settings.model_copy(update={"default_plan": "free"}))
    registered = await api.new_tenant()
    body = {"name": "A", "slug": registered.org_id.lower().replace("_", "-")}
    made = await api.call("POST", "/admin/organizations", 201, json=body, headers=ADMIN)
    administered = Tenant(api.client, made["api_key"]["key"], made["id"])

    for org in (registered, administered):
        assert (await org.get("/organizations/usage"))["plan"] == "free"
        assert_refused(await new_workflow(org), "workflows", 0, 0, "free")


class CountingStore(Store):
    """Counts what is asked of the database."""

    def __init__(self, inner: Store) -> None:
        super().__init__(inner._connections, statement_timeout_ms=30_000)
        self.asked: list[str] = []

    async def fetch_each(self, scope: Any, statements: Any, **how: Any) -> Any:
        self.asked += [statement.query.name for statement in statements]
        return await super().fetch_each(scope, statements, **how)

    def transaction(self, scope: Any, **how: Any) -> Any:
        self.asked.append("BEGIN")
        return super().transaction(scope, **how)


@pytest.mark.parametrize(
    ("make", "statements"),
    [
        (push, ["enqueue_jobs"]),
        (push_by_bulk, ["enqueue_jobs"]),
        (new_queue, ["begin_entry", "create_queue", "end_entry"]),
        (configure_new_queue, ["begin_entry", "configure_queue", "end_entry"]),
        (new_worker, ["register_worker"]),
        (new_schedule, ["create_schedule"]),
        (new_key, ["begin_entry", "create_key", "end_entry"]),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
async def test_a_plan_without_limits_costs_nothing(
    core: Core, org: Tenant, make: Make, statements: list[str]
) -> None:
    """On an unlimited plan a request is its one statement, beside the audit log's, and no total is kept."""
    await org.push()
    store = CountingStore(core.store)
    object.__setattr__(core, "store", store)
    assert (await make(org)).status_code in (200, 201)

    assert store.asked == statements
    total = await store.fetch(
        SYSTEM,
        Query("total", "SELECT FROM jobs_of_day WHERE org_id = %(org_id)s", hot=False),
        org_id=ids.decode("org", org.org_id),
    )
    assert total == []
