"""The timer of the deliveries: each arrives at least once, whatever its target or this process does."""

import asyncio
import hashlib
import hmac
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from time import monotonic
from typing import Any

import pytest

from functions.ticks.deliveries import run_once
from localstack.timers import run_timers
from shared import ids
from shared.core import Core
from shared.errors import UnavailableError
from shared.store import SYSTEM, Query
from shared.webhooks import deliver
from shared.webhooks.deliver import MOST_FAILURES, RETRY_DELAYS
from tests.support.api import Tenant
from tests.support.clock import MovingClock
from tests.support.targets import Target, answering, listening, put_in_outbox
from tests.support.until import until

BUDGET_SECONDS = 30.0


@pytest.fixture
async def target() -> AsyncIterator[Target]:
    async with listening() as target:
        yield target


@pytest.fixture(autouse=True)
async def nothing_left_over(core: Core) -> None:
    """The timer looks at all organizations, those of earlier tests too."""
    await core.store.fetch(SYSTEM, Query("clear", "DELETE FROM webhook_delivery", hot=False))


async def tick(core: Core) -> dict[str, int]:
    return dict(await run_once.run_once(core, core.clock(), BUDGET_SECONDS))


async def new_webhook(org: Tenant, url: str, **fields: Any) -> str:
    body = {"name": "w", "url": url, "events": ["job.completed"]} | fields
    return str((await org.post("/outgoing-webhooks", body, 201))["id"])


async def webhook(org: Tenant, webhook_id: str) -> dict[str, Any]:
    return dict(await org.get(f"/outgoing-webhooks/{webhook_id}"))


async def delivery(org: Tenant, webhook_id: str) -> dict[str, Any]:
    (item,) = await org.get(f"/outgoing-webhooks/{webhook_id}/deliveries")
    return dict(item)


async def test_a_completed_job_is_told_signed(core: Core, org: Tenant, target: Target) -> None:
    """What a change writes into the outbox arrives, whole, with the headers and signature of the contract."""
    webhook_id = await new_webhook(org, target.url, secret="s3cret")
    job = await org.push()
    await org.dequeue()
    await org.post(f"/jobs/{job['id']}/complete", {"result": {"big": 12345678901234567890123}})

    counts = await tick(core)

    (request,) = target.requests
    item = await delivery(org, webhook_id)
    signed = f"{request.headers['x-spooled-timestamp']}.".encode() + request.body
    assert counts == {"delivered": 1}
    signature = hmac.new(b"s3cret", signed, hashlib.sha256).hexdigest()
    assert request.headers["x-spooled-signature"] == f"sha256={signature}"
    assert request.headers["x-spooled-event"] == "job.completed"
    assert abs(int(request.headers["x-spooled-timestamp"]) - core.clock().timestamp()) < 10
    assert request.headers["x-spooled-delivery-id"] == item["id"]
    assert request.json["id"].startswith("evt_")
    assert request.json["event"] == request.json["type"] == "job.completed"
    assert request.json["created_at"] == request.json["timestamp"]
    assert request.json["data"]["job_id"] == job["id"]
    assert b"12345678901234567890123" in request.body
    assert (item["status"], item["status_code"], item["attempts"], item["error"]) == ("success", 200, 1, None)
    assert item["response_body"] == "ok"
    assert item["delivered_at"] is not None
    known = await webhook(org, webhook_id)
    assert (known["last_status"], known["failure_count"]) == ("success", 0)
    assert known["last_triggered_at"] is not None


async def test_a_completion_webhook_is_told_at_the_top_level(core: Core, org: Tenant, target: Target) -> None:
    """The address that a job brought gets event and job side by side, signed with the job's secret."""
    job = await org.push(completion_webhook=target.url, completion_webhook_secret="of-the-job")
    await org.dequeue()
    await org.post(f"/jobs/{job['id']}/complete", {"result": 12345678901234567890123})

    assert await tick(core) == {"delivered": 1}

    (request,) = target.requests
    signed = f"{request.headers['x-spooled-timestamp']}.".encode() + request.body
    done = await org.job(job["id"])
    shown = {"event": "job.completed", "job_id": job["id"], "result": request.json["result"]}
    assert request.json == shown | {name: done[name] for name in ("queue_name", "status", "completed_at")}
    assert b"12345678901234567890123" in request.body
    assert request.headers["x-spooled-signature"].endswith(
        hmac.new(b"of-the-job", signed, hashlib.sha256).hexdigest()
    )


async def test_a_failed_delivery_is_tried_five_times_by_the_table(
    core: Core, org: Tenant, clock: MovingClock, target: Target
) -> None:
    """At once, then after 1, 5, 30 and 120 minutes, under one id, and then it has failed, once."""
    target.answer = answering(500, b"broken\x00")
    webhook_id = await new_webhook(org, target.url)
    await put_in_outbox(core, org.org_id, webhook_id)

    assert RETRY_DELAYS == (60, 300, 1800, 7200)
    for tries, delay in enumerate(RETRY_DELAYS, 1):
        assert await tick(core) == {"retried": 1}
        item = await delivery(org, webhook_id)
        assert (item["status"], item["attempts"], item["status_code"]) == ("pending", tries, 500)
        assert (await webhook(org, webhook_id))["failure_count"] == 0
        clock.advance(seconds=delay - 5)
        assert await tick(core) == {}
        clock.advance(seconds=10)
    assert await tick(core) == {"failed": 1}

    item, known = await delivery(org, webhook_id), await webhook(org, webhook_id)
    assert (item["status"], item["attempts"], item["response_body"]) == ("failed", 5, "broken")
    assert "500" in item["error"]
    assert (known["failure_count"], known["last_status"], known["enabled"]) == (1, "failed", True)
    assert len({request.headers["x-spooled-delivery-id"] for request in target.requests}) == 1
    assert len({request.body for request in target.requests}) == 1
    clock.advance(hours=5)
    assert await tick(core) == {}


async def test_a_target_that_keeps_failing_is_disabled(
    core: Core, org: Tenant, clock: MovingClock, target: Target
) -> None:
    """After twenty failed deliveries in a row it is off, what waits is closed, and enabling begins anew."""
    target.answer = answering(503)
    webhook_id = await new_webhook(org, target.url)
    for _ in range(MOST_FAILURES - 1):
        await put_in_outbox(core, org.org_id, webhook_id, attempts=4)
        await tick(core)
    assert (await webhook(org, webhook_id))["enabled"] is True
    waiting = await put_in_outbox(
        core, org.org_id, webhook_id, next_attempt_at=clock() + timedelta(minutes=5)
    )
    await put_in_outbox(core, org.org_id, webhook_id, attempts=4)
    await tick(core)

    known = await webhook(org, webhook_id)
    assert (known["enabled"], known["last_status"], known["failure_count"]) == (False, "auto_disabled", 20)
    sent = len(target.requests)
    clock.advance(minutes=6)
    assert await tick(core) == {"closed": 1}
    (item,) = [
        item for item in await org.get(f"/outgoing-webhooks/{webhook_id}/deliveries") if item["id"] == waiting
    ]
    assert (item["status"], "disabled" in item["error"], len(target.requests)) == ("failed", True, sent)

    again = await org.put(f"/outgoing-webhooks/{webhook_id}", {"enabled": True})
    assert (again["enabled"], again["failure_count"], again["last_status"]) == (True, 0, "failed")


async def test_any_success_forgets_the_failures(core: Core, org: Tenant, target: Target) -> None:
    """Twenty in a row means in a row."""
    target.answer = answering(503)
    webhook_id = await new_webhook(org, target.url)
    await put_in_outbox(core, org.org_id, webhook_id, attempts=4)
    await tick(core)
    assert (await webhook(org, webhook_id))["failure_count"] == 1

    target.answer = answering(204)
    await put_in_outbox(core, org.org_id, webhook_id)
    await tick(core)

    assert (await webhook(org, webhook_id))["failure_count"] == 0


async def test_a_delivery_can_be_sent_again_by_hand(core: Core, org: Tenant, target: Target) -> None:
    """A failed one, and one that waits for its next attempt, is sent at the next run."""
    target.answer = answering(500)
    webhook_id = await new_webhook(org, target.url)
    delivery_id = await put_in_outbox(core, org.org_id, webhook_id, attempts=4)
    retry = f"/outgoing-webhooks/{webhook_id}/retry/{delivery_id}"
    assert await tick(core) == {"failed": 1}

    await org.post(retry)
    assert await tick(core) == {"retried": 1}
    target.answer = answering(200)
    await org.post(retry)
    assert await tick(core) == {"delivered": 1}

    item = await delivery(org, webhook_id)
    assert (item["id"], item["status"], item["attempts"]) == (delivery_id, "success", 2)


async def test_one_under_way_is_not_doubled_by_hand(core: Core, org: Tenant, target: Target) -> None:
    """A retry that comes while the request is open does not send a second one."""
    go_on = asyncio.Event()

    async def answer(writer: asyncio.StreamWriter) -> None:
        await go_on.wait()
        writer.write(answering(200))

    target.answer = answer
    webhook_id = await new_webhook(org, target.url)
    delivery_id = await put_in_outbox(core, org.org_id, webhook_id)
    running = asyncio.create_task(tick(core))

    async def is_open() -> bool:
        return target.open_now == 1

    await until(is_open)
    told = await org.post(f"/outgoing-webhooks/{webhook_id}/retry/{delivery_id}")
    go_on.set()

    assert await running == {"delivered": 1}
    assert (told["success"], "under way" in told["message"]) == (True, True)
    assert await tick(core) == {}
    assert len(target.requests) == 1


async def test_two_timers_at_once_send_each_delivery_once(core: Core, org: Tenant, target: Target) -> None:
    """Rows are taken, not looked at."""
    webhook_id = await new_webhook(org, target.url)
    for _ in range(60):
        await put_in_outbox(core, org.org_id, webhook_id)

    counts = await asyncio.gather(*(tick(core) for _ in range(3)))

    sent = [request.headers["x-spooled-delivery-id"] for request in target.requests]
    assert (len(sent), len(set(sent))) == (60, 60)
    assert sum(count.get("delivered", 0) for count in counts) == 60


async def test_a_deliverer_that_dies_loses_nothing(
    core: Core, org: Tenant, clock: MovingClock, target: Target
) -> None:
    """A row whose attempt never ended is due again when its lease is over, and not before."""

    async def answer(_: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    target.answer = answer
    webhook_id = await new_webhook(org, target.url)
    await put_in_outbox(core, org.org_id, webhook_id)
    running = asyncio.create_task(tick(core))

    async def is_open() -> bool:
        return target.open_now == 1

    await until(is_open)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    target.answer = answering(200)

    assert await tick(core) == {}
    clock.advance(seconds=deliver.LEASE.total_seconds() + 1)
    assert await tick(core) == {"delivered": 1}


async def test_an_outcome_that_cannot_be_recorded_is_sent_again(
    core: Core, org: Tenant, clock: MovingClock, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the database away after the request the delivery arrives twice rather than never."""
    webhook_id = await new_webhook(org, target.url)
    await put_in_outbox(core, org.org_id, webhook_id)
    fetch = core.store.fetch

    async def broken(scope: Any, query: Query, **parameters: Any) -> Any:
        if query.name == "record_outcome":
            raise UnavailableError
        return await fetch(scope, query, **parameters)

    with monkeypatch.context() as patched:
        patched.setattr(core.store, "fetch", broken)
        assert await tick(core) == {"unrecorded": 1}

    clock.advance(seconds=deliver.LEASE.total_seconds() + 1)
    assert await tick(core) == {"delivered": 1}
    assert len(target.requests) == 2


async def test_a_poisoned_row_is_set_aside_and_the_rest_goes_on(
    core: Core, org: Tenant, target: Target, caplog: pytest.LogCaptureFixture
) -> None:
    """A secret that cannot be unsealed, a forbidden URL and a fault of ours fail at once, with the reason."""
    webhook_id = await new_webhook(org, target.url)
    bad: list[dict[str, Any]] = [
        {"sealed_secret": b"\x01nonsense", "url": target.url},
        {"url": "http://10.0.0.1/in"},
        {"url": "nonsense"},
        {"event": "b\u00e4d\nevent", "url": target.url},
    ]
    for columns in bad:
        await put_in_outbox(core, org.org_id, None, **columns)
    await put_in_outbox(core, org.org_id, webhook_id)

    with caplog.at_level(logging.CRITICAL, "spooled.webhooks"):
        assert await tick(core) == {"failed": 4, "delivered": 1}

    query = Query(
        "errors", "SELECT error FROM webhook_delivery WHERE state = 'failed' ORDER BY id", hot=False
    )
    errors = [row["error"] for row in await core.store.fetch(SYSTEM, query)]
    assert "secret cannot be read" in errors[0]
    assert "Invalid webhook URL" in errors[1]
    assert "Invalid webhook URL" in errors[2]
    assert "its log has the cause" in errors[3]
    assert len(target.requests) == 1


async def test_a_slow_target_does_not_hold_up_the_others(core: Core, org: Tenant, other_org: Tenant) -> None:
    """With hundreds of deliveries due for a target that hangs, one for another target is sent at once."""
    go_on = asyncio.Event()

    async def hang(_: asyncio.StreamWriter) -> None:
        await go_on.wait()

    async with listening() as slow, listening() as quick:
        slow.answer = hang
        slow_id = await new_webhook(org, slow.url)
        for _ in range(100):
            await put_in_outbox(core, org.org_id, slow_id)
        for port_of_own in range(8):
            url = f"http://127.0.0.{port_of_own + 2}:{slow.port}/"
            for _ in range(5):
                await put_in_outbox(core, org.org_id, None, url=url)
        running = asyncio.create_task(tick(core))

        async def hangs() -> bool:
            return slow.open_now >= 1

        await until(hangs)
        began = monotonic()
        for tenant in (org, other_org):
            await put_in_outbox(core, tenant.org_id, await new_webhook(tenant, quick.url))

        async def arrived() -> bool:
            return len(quick.requests) == 2

        await until(arrived)
        assert monotonic() - began < 5
        assert slow.most_open <= 4
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        go_on.set()


async def test_a_run_ends_when_its_budget_does(core: Core, org: Tenant, target: Target) -> None:
    """After the budget no attempt is begun, and what was begun is ended."""
    webhook_id = await new_webhook(org, target.url)
    for _ in range(40):
        await put_in_outbox(core, org.org_id, webhook_id)

    counts = await run_once.run_once(core, core.clock(), 0.001)

    assert counts.get("delivered", 0) <= 4
    assert await run_once.run_once(core, core.clock(), 0.0) == {}
    assert (await tick(core))["delivered"] == 40 - counts.get("delivered", 0)


async def test_a_large_backlog_is_sent_whole_and_in_turn(
    core: Core, org: Tenant, other_org: Tenant, target: Target
) -> None:
    """Two organizations with a backlog each are served side by side, the oldest first."""
    for tenant in (org, other_org):
        webhook_id = await new_webhook(tenant, target.url)
        for _ in range(100):
            await put_in_outbox(core, tenant.org_id, webhook_id)

    assert await tick(core) == {"delivered": 200}

    rows = await core.store.fetch(SYSTEM, Query("orgs", "SELECT org_id, id FROM webhook_delivery", hot=False))
    org_of = {ids.encode("dlv", row["id"]): row["org_id"] for row in rows}
    half = [org_of[request.headers["x-spooled-delivery-id"]] for request in target.requests[:100]]
    assert min(half.count(org_id) for org_id in set(org_of.values())) >= 25


async def test_what_happens_is_told_within_seconds(core: Core, org: Tenant, target: Target) -> None:
    """Where a process runs its own timers, nobody has to ask for the delivery."""
    await new_webhook(org, target.url, events=["job.created"])
    timers = asyncio.create_task(run_timers(core, [replace(run_once, every_seconds=10**6)], 1.0))
    began = monotonic()
    await org.push()

    async def arrived() -> bool:
        return len(target.requests) == 1

    await until(arrived)
    assert monotonic() - began < 5
    timers.cancel()
    await asyncio.gather(timers, return_exceptions=True)
