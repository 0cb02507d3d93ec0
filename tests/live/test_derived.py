"""Live events that are worked out: figures of queues, the health of the service, changed credentials."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

import pytest

from shared import ids
from shared.core import Core
from shared.live import LiveEvent, Watch
from shared.settings import Settings
from tests.support.api import Tenant
from tests.support.live import Teller, opened_hub


async def next_of(watch: Watch, type_: str) -> LiveEvent:
    """The next event of a type."""
    async with asyncio.timeout(60), aclosing(watch.follow()) as batches:
        async for batch in batches:
            for event in batch:
                if event.type == type_:
                    return event
    raise AssertionError


async def test_figures_are_those_of_the_queue(core: Core, org: Tenant) -> None:
    """QueueStats of a named queue comes at once, and again when the queue changed."""
    assert core.hub is not None
    await org.push("emails")
    async with core.hub.watching(ids.decode("org", org.org_id)) as watch:
        watch.want_figures(["emails"])
        first = await next_of(watch, "QueueStats")
        await org.dequeue("emails")
        second = await next_of(watch, "QueueStats")

    assert (first.id, first.queues, first.right) == ("", ("emails",), "queues:read")
    facts = {"queue_name": "emails", "scheduled": 0, "completed": 0, "failed": 0}
    assert first.data.items() >= (facts | {"pending": 1, "processing": 0}).items()
    assert second.data.items() >= (facts | {"pending": 0, "processing": 1}).items()


async def test_only_queues_that_changed_are_counted(settings: Settings, teller: Teller) -> None:
    """Many changes of a few queues are counted once, together; queues that nobody asked for are not."""
    asked: list[Sequence[tuple[int, str]]] = []

    async def figures(queues: Sequence[tuple[int, str]]) -> list[dict[str, Any]]:
        asked.append(sorted(queues))
        return [{"queue_name": queue} for _, queue in queues]

    async with opened_hub(settings, figures=figures) as hub, hub.watching(teller.org_id) as watch:
        await teller.tell("job.created", queue_name="unwanted")
        await next_of(watch, "JobCreated")
        watch.want_figures(["a", "b"])
        await next_of(watch, "QueueStats")
        for name in ("a", "b", "a", "a", "c"):
            await teller.tell("job.created", queue_name=name)
        await next_of(watch, "QueueStats")
        watch.want_figures(None)
        await teller.tell("job.created", queue_name="c")
        await next_of(watch, "QueueStats")

    assert asked == [[(teller.org_id, "a"), (teller.org_id, "b")]] * 2 + [[(teller.org_id, "c")]]


@pytest.mark.usefixtures("no_timers")
async def test_health_is_told_once_for_all(
    settings: Settings, teller: Teller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One look at the service makes one event, which every reader sees, whatever its rights."""
    monkeypatch.setattr("shared.live.derived._HEALTH_SECONDS", 0.2)
    async with (
        opened_hub(settings) as hub,
        hub.watching(teller.org_id) as one,
        hub.watching(teller.org_id) as other,
    ):
        events = await asyncio.gather(next_of(one, "SystemHealth"), next_of(other, "SystemHealth"))

    assert events[0] is events[1]
    assert (events[0].id, events[0].queues, events[0].right) == ("", (), "")
    assert events[0].data["status"] == "healthy"


async def test_a_changed_key_wakes_the_readers(core: Core, org: Tenant) -> None:
    """Who follows learns that a key was changed, though nothing happened, and can prove itself again."""
    assert core.hub is not None
    made = await org.post(f"/organizations/{org.org_id}/api-keys", {"name": "Other"}, 201)
    async with (
        core.hub.watching(ids.decode("org", org.org_id)) as watch,
        aclosing(watch.follow()) as batches,
        asyncio.timeout(60),
    ):
        before = watch.credentials_changed
        coming = asyncio.create_task(anext(batches))
        await org.delete(f"/api-keys/{made['id']}")
        await coming
        while watch.credentials_changed == before:
            await anext(batches)

    assert watch.credentials_changed > before
