"""What a reader is shown of what happens: what its credential may see, for as long as it may."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest

from shared.core import Core
from shared.store import Store
from tests.support.api import Api, Tenant
from tests.support.clock import MovingClock
from tests.support.readers import connected, reading

TURN = "shared.edge.streaming.readers._TURN_SECONDS"


async def happen(org: Tenant) -> None:
    """One event of each kind, of two queues, and at the end one that every reader of jobs sees."""
    for queue in ("payroll", "emails"):
        await org.push(queue)
        worker = {"queue_name": queue, "hostname": "h", "worker_id": f"w-{queue}-{org.org_id[-6:]}"}
        await org.post("/workers/register", worker, 201)
        await org.post(f"/queues/{queue}/pause", {})
        schedule = {"name": queue, "queue": queue, "cron_expression": "0 9 * * *", "payload": {}}
        await org.post("/schedules", schedule, 201)
    both = {"queue_names": ["payroll", "emails"], "hostname": "h", "worker_id": f"w-both-{org.org_id[-6:]}"}
    await org.post("/workers/register", both, 201)
    await org.post("/workflows", {"name": "w", "jobs": [{"key": "a", "queue": "emails", "payload": {}}]}, 201)
    steps = [{"key": "a", "queue": "emails", "payload": {}}, {"key": "b", "queue": "payroll", "payload": {}}]
    await org.post("/workflows", {"name": "both", "jobs": steps}, 201)
    await org.push("emails", priority=99)


async def seen_by(reader: Tenant, org: Tenant) -> set[tuple[str, str | None]]:
    """Type and queue of what a reader is shown."""
    shown = set()
    async with reading(reader) as source:
        await happen(org)
        while True:
            event = (await source.next()).event
            named = event["data"].get("queue_names", ())
            shown |= {(event["type"], name) for name in named}
            shown.add((event["type"], event["data"].get("queue_name") or event["data"].get("name")))
            if event["data"].get("priority") == 99:
                return shown


async def test_a_key_that_may_do_everything_sees_everything(org: Tenant) -> None:
    """Jobs, queues, workers, schedules and workflows, of all queues."""
    shown = {type_ for type_, _ in await seen_by(org, org)}

    assert shown >= {
        *("JobCreated", "QueueCreated", "QueuePaused", "WorkerRegistered"),
        *("ScheduleCreated", "WorkflowCreated"),
    }


async def test_a_key_sees_what_it_has_the_right_to_read(org: Tenant) -> None:
    """With `jobs:read` alone nothing is told of workers, schedules and queues."""
    shown = {type_ for type_, _ in await seen_by(await org.with_key(permissions=["jobs:read"]), org)}

    assert shown - {"SystemHealth"} == {"JobCreated", "WorkflowCreated"}


async def test_a_key_for_some_queues_sees_nothing_of_others(org: Tenant) -> None:
    """Neither jobs nor workers nor figures of another queue, nor a workflow that reaches into it."""
    shown = await seen_by(await org.with_key(queues=["emails"]), org)

    assert {name for _, name in shown} <= {"emails", "w", None}
    assert {("JobCreated", "emails"), ("QueuePaused", "emails"), ("WorkflowCreated", "w")} <= shown
    assert ("WorkerRegistered", "emails") in shown


async def test_another_organization_sees_nothing(org: Tenant, other_org: Tenant) -> None:
    """Not even with the id of the job or the name of the queue."""
    job = await org.push()
    queries: list[dict[str, Any]] = [{}, {"queue": "emails"}, {"job_id": job["id"]}]
    for params in queries:
        async with reading(other_org, params=params) as source, reading(org) as own:
            await org.dequeue()
            await org.push("emails")
            await own.told(1)
            await other_org.push("emails" if "queue" in params else "marker")
            if "job_id" not in params:
                (frame,) = await source.told(1)
                assert frame.event["data"]["job_id"] != job["id"]


async def test_a_revoked_key_ends_its_streams(org: Tenant) -> None:
    """The reader is told why; the streams of other keys of the organization go on."""
    made = await org.post(f"/organizations/{org.org_id}/api-keys", {"name": "Leaks"}, 201)
    leaked = Tenant(org.client, made["key"], org.org_id)
    async with reading(leaked) as source, reading(org) as own, connected(leaked) as line:
        await org.delete(f"/api-keys/{made['id']}")
        frames = await source.rest()
        said = await line.first("Error")
        await asyncio.wait_for(line.line.wait_closed(), 20)
        await org.push()
        (created,) = await own.told(1)

    assert frames[-1].event["data"]["code"] == said["data"]["code"] == "UNAUTHORIZED"
    assert (line.line.close_code, created.type) == (1008, "JobCreated")
    await leaked.call("GET", "/events", 401)


async def test_a_key_that_is_narrowed_sees_less_at_once(org: Tenant) -> None:
    """The open stream shows what the key may see from now on."""
    made = await org.post(f"/organizations/{org.org_id}/api-keys", {"name": "Wide"}, 201)
    wide = Tenant(org.client, made["key"], org.org_id)
    async with reading(wide) as source:
        await org.push("payroll")
        await source.told(1)
        await org.put(f"/api-keys/{made['id']}", {"queues": ["emails"]})
        await org.push("payroll")
        await org.push("emails")
        (created,) = await source.told(1)

    assert created.event["data"]["queue_name"] == "emails"


async def test_an_access_token_ends_its_stream_when_it_expires(
    org: Tenant, api: Api, clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was let in for an hour, and the reader is told so."""
    monkeypatch.setattr(TURN, 0.01)
    token = (await api.post("/auth/login", {"api_key": org.key}))["access_token"]
    async with reading(api, params={"token": token}) as source:
        clock.advance(hours=2)
        frames = await source.rest()

    assert frames[-1].event["data"]["code"] == "UNAUTHORIZED"
    assert "expired" in frames[-1].event["data"]["message"]


async def test_a_token_that_was_signed_out_ends_its_stream(org: Tenant, api: Api) -> None:
    """Signing out reaches what is open already."""
    token = (await api.post("/auth/login", {"api_key": org.key}))["access_token"]
    signed_in = Tenant(org.client, token, org.org_id)
    async with reading(signed_in) as source:
        await signed_in.post("/auth/logout", {}, 204)
        frames = await source.rest()

    assert frames[-1].event["data"]["code"] == "UNAUTHORIZED"


async def test_many_with_one_credential_look_it_up_once(
    org: Tenant, core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change of one key does not make a query for each reader of the organization."""
    asked = 0
    fetch_one = core.store.fetch_one

    async def counted(_store: Store, scope: Any, query: Any, **parameters: Any) -> Any:
        nonlocal asked
        asked += "key_hash" in parameters
        return await fetch_one(scope, query, **parameters)

    other = await org.post(f"/organizations/{org.org_id}/api-keys", {"name": "Other"}, 201)
    async with AsyncExitStack() as opened:
        sources = [await opened.enter_async_context(reading(org)) for _ in range(20)]
        monkeypatch.setattr(Store, "fetch_one", counted)
        await org.put(f"/api-keys/{other['id']}", {"name": "Renamed"})
        await org.push()
        for source in sources:
            await source.first("JobCreated")

    assert asked <= 3
