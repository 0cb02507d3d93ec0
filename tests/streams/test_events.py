"""Server-sent events: who reads them sees what happens, as it happens."""

import asyncio
from datetime import datetime
from typing import Any

import pytest

from tests.support.api import Tenant
from tests.support.readers import Listening, reading
from tests.support.until import until


async def test_the_stream_is_open_before_anything_happens(org: Tenant) -> None:
    """Headers come at once, for browsers of any origin and through proxies, and the way to come back."""
    async with reading(org, headers={"X-Request-Id": "mine"}) as source:
        headers = source.response.headers
        await org.push()
        (created,) = await source.told(1)

    assert headers["content-type"] == "text/event-stream"
    assert (headers["cache-control"], headers["x-accel-buffering"]) == ("no-store", "no")
    assert (headers["access-control-allow-origin"], headers["x-request-id"]) == ("*", "mine")
    assert headers["x-ratelimit-scope"] == "organization"
    assert (source.retry, created.type) == (1000, "JobCreated")


async def test_the_life_of_a_job_is_told_in_order(org: Tenant) -> None:
    """Each change is one event with its facts, a time and an id of its own, and comes once."""
    async with reading(org, params={"events": "JobCreated,JobStatusChange,JobCompleted"}) as source:
        job = await org.push(priority=7)
        await org.dequeue()
        await org.post(f"/jobs/{job['id']}/complete", {"result": {"sent": True}})
        await org.push("marker")
        frames = await source.told(5)

    known = {"job_id": job["id"], "queue_name": "emails"}
    events = [frame.event for frame in frames]
    times = [datetime.fromisoformat(event["data"].pop("timestamp")) for event in events]
    assert events[2]["data"].pop("old_status") == "processing"
    assert events[3]["data"].pop("duration_ms") >= 0
    assert [(event["type"], event["data"]) for event in events[:4]] == [
        ("JobCreated", {**known, "priority": 7}),
        ("JobStatusChange", {**known, "old_status": "pending", "new_status": "processing"}),
        ("JobStatusChange", {**known, "new_status": "completed"}),
        ("JobCompleted", {**known, "result": {"sent": True}}),
    ]
    assert events[4]["data"]["queue_name"] == "marker"
    assert times == sorted(times)
    assert len({frame.last_event_id for frame in frames}) == len(frames)


async def test_a_frame_is_one_line_whatever_stands_in_it(org: Tenant) -> None:
    """Line ends of all kinds in a result arrive as they were, to readers that split at any of them."""
    text = 'a\r\nb\rc\nd\u2028e\u2029f\u0085g\u000bh\u000ci\u001cj data: {}\n\nid: 1 ü 🎉 \\u2028 "'
    async with reading(org, params={"events": "JobCompleted"}) as source:
        job = await org.push()
        await org.dequeue()
        await org.post(f"/jobs/{job['id']}/complete", {"result": {text: text}})
        (frame,) = await source.told(1)

    assert frame.event["data"]["result"] == {text: text}
    assert len(frame.data.splitlines()) == 1


@pytest.mark.parametrize("by", ["header", "query", "header over query"])
async def test_who_comes_back_misses_nothing_and_sees_nothing_twice(org: Tenant, by: str) -> None:
    """The id of the last event seen is where the stream goes on."""
    async with reading(org) as source:
        await org.push("a")
        (first,) = await source.told(1)
    for queue in ("b", "c"):
        await org.push(queue)
    back: dict[str, Any] = {
        "header": {"headers": {"Last-Event-ID": first.last_event_id}},
        "query": {"params": {"last_event_id": first.last_event_id}},
        "header over query": {
            "headers": {"Last-Event-ID": first.last_event_id},
            "params": {"last_event_id": "1-1"},
        },
    }[by]
    async with reading(org, **back) as source:
        await org.push("d")
        frames = await source.told(3)

    assert [frame.event["data"]["queue_name"] for frame in frames] == ["b", "c", "d"]


async def test_who_saw_nothing_yet_can_come_back_too(org: Tenant) -> None:
    """The stream begins with an id, so that a line cut before the first event loses none."""
    async with reading(org) as source:
        await source.block()
    await org.push("missed")
    async with reading(org, headers={"Last-Event-ID": source.last_event_id}) as source:
        (frame,) = await source.told(1)

    assert frame.event["data"]["queue_name"] == "missed"


@pytest.mark.parametrize("last_event_id", ["nonsense", "99999999999999-0", "p1-1", "a" * 5000, "é"])
async def test_an_id_that_is_not_held_is_said_to_be_lost(org: Tenant, last_event_id: str) -> None:
    """The reader learns that something may be missing, and then sees what there is."""
    async with reading(org, params={"last_event_id": last_event_id}) as source:
        lost = await source.next()
        await org.push()
        (created,) = await source.told(1)

    assert (lost.type, created.type) == ("EventsLost", "JobCreated")
    assert lost.event["data"]["message"]


@pytest.mark.parametrize("last_event_id", ["nonsense", "end", 'a\ndata: {"type": "Ping", "data": {}}\n'])
async def test_what_is_no_id_is_not_said_back(
    org: Tenant, monkeypatch: pytest.MonkeyPatch, last_event_id: str
) -> None:
    """The reader is given the id of its place, and no line that somebody put into its address."""
    monkeypatch.setattr("shared.edge.streaming.readers._TURN_SECONDS", 0.01)
    async with reading(org, params={"events": "JobCreated", "last_event_id": last_event_id}) as source:
        await source.next()
        while not source.comments:
            assert await source.block() is None
    await org.push()
    back = {"Last-Event-ID": source.last_event_id}
    async with reading(org, params={"events": "JobCreated"}, headers=back) as source:
        created = await source.next()

    assert created.type == "JobCreated"


async def test_events_of_one_queue(org: Tenant) -> None:
    """With `queue`, the jobs and figures of that queue are told and those of no other."""
    async with reading(org, params={"queue": "emails"}) as source:
        await org.push("other")
        job = await org.push("emails")
        (created,) = await source.told(1)
        figures = await source.first("QueueStats")

    assert created.event["data"]["job_id"] == job["id"]
    assert figures.event["data"]["queue_name"] == "emails"


@pytest.mark.parametrize("events", ["JobCreated", "job.created", "JOB.CREATED", " jobcreated , ,QueuePaused"])
async def test_events_of_some_types(org: Tenant, events: str) -> None:
    """`events` names types in either of their spellings, in any case."""
    async with reading(org, params={"events": events}) as source:
        await org.push("a")
        await org.dequeue("a")
        await org.push("b")
        frames = [await source.next(), await source.next()]

    assert [frame.event["data"]["queue_name"] for frame in frames] == ["a", "b"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("events=JobCreated,JobExploded", "events"),
        ("queue=" + "a" * 101, "queue"),
        ("queue=a%20b", "queue"),
        ("queue=%00", "queue"),
        ("queue=a&queue_name=b", "queue"),
        ("events=" + "a" * 3000, "events"),
    ],
)
async def test_a_bad_query_is_refused_before_the_stream(org: Tenant, query: str, field: str) -> None:
    """It is an ordinary error that names the field."""
    refused = await org.call("GET", f"/events?{query}", 400)

    assert refused["details"][0]["field"] == field


async def test_empty_fields_are_absent_ones(org: Tenant) -> None:
    """A form sends what was left empty, and means all."""
    async with reading(org, params={"queue": "", "events": "", "job_id": "", "last_event_id": ""}) as source:
        await org.push()
        (created,) = await source.told(1)

    assert created.type == "JobCreated"


async def test_a_line_that_is_quiet_is_heard_of(org: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Comments come, every fifteen turns of the clock, with the id of what was passed over."""
    monkeypatch.setattr("shared.edge.streaming.readers._TURN_SECONDS", 0.01)
    async with reading(org, params={"events": "QueuePaused"}) as source:
        await source.block()
        began_at = source.last_event_id
        await org.push("passed-over")
        while source.last_event_id == began_at:
            assert await source.block() is None
        assert source.comments > 0
    async with reading(org, headers={"Last-Event-ID": source.last_event_id}) as source:
        await org.push("next")
        (frame,) = await source.told(1)

    assert frame.event["data"]["queue_name"] == "next"


async def test_a_reader_that_left_is_forgotten(org: Tenant, service: Listening) -> None:
    """Nothing is held for who closed the line."""
    async with reading(org), reading(org):
        assert len(service.streaming.readers) == 2

    async def are_gone() -> bool:
        return len(service.streaming.readers) == 0

    await until(are_gone)


@pytest.mark.usefixtures("no_timers")
async def test_the_health_of_the_service_is_told(org: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """An organization's stream hears of it even when nothing happens."""
    monkeypatch.setattr("shared.live.derived._HEALTH_SECONDS", 0.2)
    async with reading(org) as source:
        health = await source.first("SystemHealth")

    assert health.event["data"]["status"] == "healthy"
    assert datetime.fromisoformat(health.event["data"]["timestamp"])


async def test_the_end_of_the_server_is_a_clean_end(
    org: Tenant, service: Listening, caplog: pytest.LogCaptureFixture
) -> None:
    """Readers see a whole answer, so that they come back with their last id."""
    async with reading(org) as source, reading(org) as other:
        await org.push()
        await source.told(1)
        service.server.should_exit = True
        rest = await asyncio.gather(source.rest(), other.rest())

    assert [frame.type for frames in rest for frame in frames if frame.type == "Error"] == []
    assert caplog.records == []
