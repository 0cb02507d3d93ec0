"""The official Python client's realtime part against the running service: each reader and what it sees.

Most tests have all readers at once: each must see the same.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from typing import Any

import pytest
import spooled
from spooled.realtime import AsyncSSEClient, SSEClient, SubscriptionFilter

from tests.support.line import Line
from tests.support.official import new_key, push, settle, take
from tests.support.realtime import (
    OVER_SSE,
    OVER_WEBSOCKET,
    PATIENCE_SECONDS,
    READERS,
    Watcher,
    ended,
    queues,
    watching,
)
from tests.support.wait import wait_until

# The client opens its WebSockets in a way of which their library has begun to warn.
pytestmark = pytest.mark.filterwarnings(r"ignore:connect\(\) must be used as a context manager")

Watch = Callable[..., list[Watcher]]
Loop = asyncio.AbstractEventLoop
every_way = pytest.mark.parametrize("over", ["sse", "websocket"])


@pytest.fixture(scope="module")
def patient(reading_loop: Loop, service_url: str) -> Iterator[tuple[spooled.SpooledClient, list[Watcher]]]:
    """All readers of an organization, from the first test to the last, since health takes its time."""
    with ExitStack() as opened:
        key = new_key(service_url)
        client = opened.enter_context(spooled.SpooledClient(api_key=key, base_url=service_url))
        yield (
            client,
            [opened.enter_context(watching(name, reading_loop, service_url, key)) for name in READERS],
        )


def test_workers_failures_and_figures(patient: tuple[spooled.SpooledClient, list[Watcher]]) -> None:
    """They arrive as the client's types, with the fields that it names."""
    client, watchers = patient
    worker = client.workers.register({"queue_name": "emails", "hostname": "host"})
    job = push(client, max_retries=1)
    held = take(client)
    client.workers.heartbeat(worker.id, {"current_jobs": 1, "status": "healthy"})
    client.jobs.fail(job, held | {"error": "broken"})
    client.workers.deregister(worker.id)

    known: dict[str, dict[str, Any]] = {
        "worker.registered": {"worker_id": worker.id, "queue_name": "emails", "hostname": "host"},
        "worker.heartbeat": {"worker_id": worker.id, "status": "healthy"},
        "worker.deregistered": {"worker_id": worker.id, "queue_name": "emails"},
        "job.failed": {"job_id": job, "error": "broken", "retry_count": 1, "will_retry": True},
        "queue.stats": {"queue_name": "emails"},
    }
    for watcher in watchers:
        for type_, facts in known.items():
            assert facts.items() <= watcher.first(type_).data.items()
        assert {"pending", "processing", "completed", "failed"} <= watcher.first("queue.stats").data.keys()


def test_the_life_of_a_job(watch: Watch, client: spooled.SpooledClient) -> None:
    """Each change is one event of the client's types, with its facts and the time of the service."""
    text = 'a\r\nb\rc\nd\u2028e\u2029f\u0085g\u000bh\u000ci\u001cj data: {}\n\nid: 1 ü 🎉 "'
    watchers = watch()
    job = push(client, priority=7)
    client.jobs.complete(job, take(client) | {"result": {text: text}})
    push(client, "marker")

    known = {"job_id": job, "queue_name": "emails"}
    for watcher in watchers:
        events = watcher.told(5)
        times = [(event.timestamp, event.data.pop("timestamp")) for event in events]
        assert events[2].data.pop("old_status") == "processing"
        assert events[3].data.pop("duration_ms") >= 0
        assert [(event.type, event.data) for event in events[:4]] == [
            ("job.created", {**known, "priority": 7}),
            ("job.status_changed", {**known, "old_status": "pending", "new_status": "processing"}),
            ("job.status_changed", {**known, "new_status": "completed"}),
            ("job.completed", {**known, "result": {text: text}}),
        ]
        assert queues(events[4:]) == ["marker"]
        assert all(parsed == datetime.fromisoformat(sent) for parsed, sent in times)


def test_one_queue(watch: Watch, client: spooled.SpooledClient) -> None:
    """Who asks for a queue sees its jobs and figures, and those of no other."""
    watchers = watch(queue="emails")
    push(client, "payroll")
    client.jobs.complete(push(client), take(client))

    for watcher in watchers:
        events = [*watcher.told(4), watcher.first("queue.stats")]
        assert [event.type for event in events] == [
            "job.created",
            "job.status_changed",
            "job.status_changed",
            "job.completed",
            "queue.stats",
        ]
        assert set(queues(events)) == {"emails"}


@pytest.mark.parametrize("status", ["completed", "deadletter", "cancelled"])
def test_one_job_until_its_end(watch: Watch, client: spooled.SpooledClient, status: str) -> None:
    """First how it stands, then what changes; at the end a reader stops, and does not come back."""
    job = push(client, max_retries=0)
    watchers = watch(OVER_SSE, job_id=job)
    for watcher in watchers:
        watcher.told(1)
    push(client, "other")
    settle(client, job, status)

    for watcher in watchers:
        assert ended(watcher) == ["connecting", "connected", "disconnected"]
        if watcher.iterates:
            assert watcher.end.result(PATIENCE_SECONDS) is None
        changes = [event.data["new_status"] for event in watcher.own() if event.type == "job.status_changed"]
        assert [change for change in changes if change != "processing"] == ["pending", status]
        assert {event.data["job_id"] for event in watcher.events} == {job}


@pytest.mark.parametrize("is_there", [True, False])
def test_a_job_without_a_future(watch: Watch, client: spooled.SpooledClient, is_there: bool) -> None:  # noqa: FBT001
    """Of one that is settled, or is not there, one event says so, and a reader stops."""
    job = "job_0000000000000"
    if is_there:
        settle(client, job := push(client), "completed")

    for watcher in watch(OVER_SSE, job_id=job):
        assert ended(watcher) == ["connecting", "connected", "disconnected"]
        (event,) = watcher.events
        assert (event.type, event.data.get("new_status"), event.data.get("message")) == (
            ("job.status_changed", "completed", None) if is_there else ("error", None, "Job not found")
        )


def test_subscriptions_add_up_and_end(watch: Watch, client: spooled.SpooledClient) -> None:
    """Commands take effect one by one: a queue, a job, without the queue, everything."""
    job = push(client, "c")
    watchers = watch(OVER_WEBSOCKET)

    def command(*commands: tuple[str, SubscriptionFilter], after: int) -> None:
        for watcher in watchers:
            watcher.told(after)
            for name, wanted in commands:
                watcher.do(name, wanted)
            watcher.settled()

    of_queue, of_job = SubscriptionFilter(queue="a"), SubscriptionFilter(job_id=job)
    command(("subscribe", of_queue), ("subscribe", of_job), after=0)
    for queue in ("b", "a"):
        push(client, queue)
    held = take(client, "c")
    command(("unsubscribe", of_queue), after=2)
    push(client, "a")
    client.jobs.complete(job, held)
    command(("subscribe", SubscriptionFilter()), after=4)
    push(client, "d")

    for watcher in watchers:
        assert queues(watcher.told(5)) == ["a", "c", "c", "c", "d"]


def test_a_command_that_is_refused(watch: Watch, client: spooled.SpooledClient) -> None:
    """It is an `error` event, and what the reader sees stays what it was."""
    narrow = client.api_keys.create({"name": "narrow", "queues": ["emails"]}).key
    watchers = watch(OVER_WEBSOCKET, narrow)
    for watcher in watchers:
        watcher.do("subscribe", SubscriptionFilter(queue="no spaces"))
        watcher.do("subscribe", SubscriptionFilter(queue="payroll"))
        watcher.settled()
    push(client)

    for watcher in watchers:
        bad, forbidden, created = watcher.told(3)
        assert (bad.type, forbidden.type, created.type) == ("error", "error", "job.created")
        assert "limited to other queues" in forbidden.data["message"]
        assert watcher.states == ["connecting", "connected"]


@every_way
def test_the_reader_of_the_client(client: spooled.SpooledClient, reading_loop: Loop, over: Any) -> None:
    """From an API key alone, it gives the same to handlers and to who iterates."""
    realtime = client.realtime(type=over)
    realtime.subscribe(SubscriptionFilter(queue="emails"))
    handled: list[str] = []
    realtime.on("job.created", lambda data: handled.append(data["job_id"]))
    watcher = Watcher(f"SpooledRealtime of {over}", realtime, reading_loop)
    watcher.iterate()
    wait_until(lambda: "connected" in watcher.states)
    made = [push(client) for _ in range(3)]
    wait_until(
        lambda: [event.data["job_id"] for event in watcher.given if event.type == "job.created"] == made
    )
    realtime.disconnect()

    assert handled == made


@every_way
async def test_the_reader_of_the_asynchronous_client(
    client: spooled.SpooledClient, key: str, reading_loop: Loop, cuttable: Line, over: Any
) -> None:
    """It signs in through the event loop, and again when it comes back from a thread of its own."""
    async with spooled.AsyncSpooledClient(api_key=key, base_url=cuttable.url) as asynchronous:
        watcher = Watcher("", await asynchronous.realtime(type=over, reconnect_delay=0.05), reading_loop)

        def see_one(number: int) -> None:
            wait_until(lambda: watcher.states.count("connected") == number)
            job = push(client)
            assert watcher.told(number)[-1].data["job_id"] == job

        await asyncio.to_thread(watcher.client.connect)
        await asyncio.to_thread(see_one, 1)
        asynchronous._cached_jwt = None
        reading_loop.call_soon_threadsafe(cuttable.cut)
        await asyncio.to_thread(see_one, 2)
        await asyncio.to_thread(watcher.client.disconnect)
        assert asynchronous._cached_jwt is not None


def test_another_queue(client: spooled.SpooledClient, key: str, service_url: str) -> None:
    """A reader of server-sent events that asks for another queue is let in anew, and sees that one."""
    with SSEClient(service_url, key) as source:
        push(client)
        first = next(event for event in source.events() if event.type == "job.created")
        source.reconnect(queue="payroll")
        push(client)
        push(client, "payroll")
        following = next(event for event in source.events() if event.type == "job.created")

    assert queues([first, following]) == ["emails", "payroll"]


async def test_another_queue_asynchronously(
    client: spooled.SpooledClient, key: str, service_url: str
) -> None:
    """As the other."""
    async with AsyncSSEClient(service_url, key) as source:
        push(client)
        first = await anext(event async for event in source.events() if event.type == "job.created")
        await source.reconnect(queue="payroll")
        push(client)
        push(client, "payroll")
        following = await anext(event async for event in source.events() if event.type == "job.created")

    assert queues([first, following]) == ["emails", "payroll"]


def test_another_queue_of_the_unified_reader(watch: Watch, client: spooled.SpooledClient) -> None:
    """Over server-sent events a subscription is a new connection, of that queue alone."""
    (watcher,) = watch(["SpooledRealtime of SSE"])
    watcher.do("subscribe", SubscriptionFilter(queue="payroll"))
    made: set[str] = set()

    def is_told() -> bool:
        # The client's thread of before may take the new connection for its own and close it; it comes back.
        push(client)
        made.add(push(client, "payroll"))
        return any(event.data["job_id"] in made for event in watcher.own())

    wait_until(is_told)
    assert set(queues(watcher.own())) == {"payroll"}


def test_health_is_told(patient: tuple[spooled.SpooledClient, list[Watcher]]) -> None:
    """Every reader of the organization has heard of it within some seconds."""
    for watcher in patient[1]:
        assert watcher.first("system.health").data["status"] == "healthy"
