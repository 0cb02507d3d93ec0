"""What timers do with traces: deliveries about a job carry its own, a schedule that fires begins none."""

import pytest

from functions.ticks import deliveries, schedules
from shared.core import Core
from shared.store import SYSTEM, Query
from tests.support.api import Tenant
from tests.support.clock import MovingClock
from tests.support.targets import answering, listening

TRACED = {
    "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "tracestate": "congo=t61rcWkgMzE",
}
EVENTS = ["job.created", "job.completed", "queue.paused"]


@pytest.fixture(autouse=True)
async def nothing_left_over(core: Core) -> None:
    """The timer looks at all organizations, those of earlier tests too."""
    await core.store.fetch(SYSTEM, Query("clear", "DELETE FROM webhook_delivery", hot=False))


async def test_a_delivery_belongs_to_the_trace_of_its_job(core: Core, org: Tenant) -> None:
    """Of a job that waits, of one that ended, and at the address that a job brought: each has its headers."""
    async with listening() as target, listening() as own:
        await org.post("/outgoing-webhooks", {"name": "w", "url": target.url, "events": EVENTS}, 201)
        body = {"queue": "emails", "payload": 1, "completion_webhook": own.url}
        done = (await org.raw("POST", "/jobs", json=body, headers=TRACED)).json()
        await org.dequeue()
        await org.post(f"/jobs/{done['id']}/complete")
        await org.raw("POST", "/jobs", json=body, headers=TRACED)
        await org.push()
        await org.post("/queues/emails/pause")

        await deliveries.run_once.run_once(core, core.clock(), 30.0)

        found = sorted(
            (request.json["event"], *(request.headers.get(name, "") for name in TRACED))
            for request in target.requests
        )
        traced, untraced = tuple(TRACED.values()), ("", "")
        assert found == [
            ("job.completed", *traced),
            ("job.created", *untraced),
            ("job.created", *traced),
            ("job.created", *traced),
            ("queue.paused", *untraced),
        ]
        (called,) = own.requests
        assert called.headers.items() >= TRACED.items()


async def test_a_delivery_of_a_job_that_is_gone_is_sent_all_the_same(core: Core, org: Tenant) -> None:
    """A trace is looked up when the delivery is sent: with the job removed, it goes without."""
    async with listening() as target:
        target.answer = answering(500)
        await org.post("/outgoing-webhooks", {"name": "w", "url": target.url, "events": EVENTS}, 201)
        await org.raw("POST", "/jobs", json={"queue": "emails", "payload": 1}, headers=TRACED)
        await core.store.fetch(SYSTEM, Query("clear", "DELETE FROM job WHERE trace IS NOT NULL", hot=False))

        await deliveries.run_once.run_once(core, core.clock(), 30.0)

        (request,) = target.requests
        assert "traceparent" not in request.headers


async def test_a_schedule_fires_outside_of_any_trace(core: Core, clock: MovingClock, org: Tenant) -> None:
    """What a timer makes belongs to no request; what somebody triggers belongs to that one."""
    cron = {"name": "s", "cron_expression": "0 * * * *", "queue_name": "nightly", "payload_template": {}}
    made = (await org.raw("POST", "/schedules", json=cron, headers=TRACED)).json()
    await org.raw("POST", f"/schedules/{made['id']}/trigger", headers=TRACED)
    triggered = await org.dequeue("nightly")
    clock.advance(hours=1)
    await schedules.run_once.run_once(core, core.clock(), 10.0)
    fired = await org.dequeue("nightly")

    assert TRACED.items() <= triggered.items()
    assert "traceparent" not in fired
