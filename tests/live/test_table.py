"""Readers of live events without Redis: what the database keeps for them."""

import asyncio
from contextlib import aclosing

import psycopg
import pytest

from shared.live import Hub
from shared.settings import Settings
from tests.support.live import KEEP, Teller, opened_hub, read


async def test_what_is_kept_is_read_in_order(polling_hub: Hub, teller: Teller) -> None:
    """A reader without Redis sees the same events, each once, and none from before."""
    await teller.keep("job.created")
    await teller.until_settled()
    async with polling_hub.watching(teller.org_id) as watch:
        await teller.keep("job.created", job_id="job_a")
        await teller.keep("job.failed", "job.deadlettered", job_id="job_a")

        events = await read(watch, 3)

    assert [event.type for event in events] == ["JobCreated", "JobStatusChange", "JobFailed"]
    assert {event.job_id for event in events} == {"job_a"}


async def test_a_late_commit_is_not_skipped(polling_hub: Hub, teller: Teller, settings: Settings) -> None:
    """What was told first and committed last is read, though later things were committed before it."""
    async with (
        await psycopg.AsyncConnection.connect(settings.database_url) as slow,
        polling_hub.watching(teller.org_id) as watch,
    ):
        told = (teller.org_id, ["job.created"], '{"job_id": "job_late", "queue_name": "q"}')
        await slow.execute(KEEP, told)
        await teller.keep("job.created", job_id="job_early")
        for _ in range(3):
            assert not await polling_hub._table.poll()
        before = [one.event for one in polling_hub._rooms[teller.org_id].ring._held if one.position]
        await slow.commit()

        events = await read(watch, 2)

    assert before == []
    assert sorted(str(event.job_id) for event in events) == ["job_early", "job_late"]


async def test_more_than_a_page_is_read_at_once(polling_hub: Hub, teller: Teller) -> None:
    """A burst larger than one look takes in reaches the reader whole, in order."""
    async with polling_hub.watching(teller.org_id) as watch:
        await teller.database.execute(
            "INSERT INTO happening (org_id, told_at, names, item)"
            " SELECT %s, now(), '{job.created}', json_build_object('job_id', n, 'queue_name', 'q')"
            " FROM generate_series(1, 2500) AS n",
            (teller.org_id,),
        )
        events = await read(watch, 2_500)

    assert [event.data["job_id"] for event in events] == list(range(1, 2_501))


async def test_who_comes_back_misses_and_repeats_nothing(
    polling_hub: Hub, teller: Teller, without_redis: Settings
) -> None:
    """In another process too: the rest of the last happening, then what came meanwhile, then what comes."""
    async with polling_hub.watching(teller.org_id) as watch:
        await teller.keep("job.completed", job_id="job_1")
        first, *_ = await read(watch, 2)
    for number in range(2, 5):
        await teller.keep("job.created", job_id=f"job_{number}")
    async with opened_hub(without_redis) as other, other.watching(teller.org_id) as watch:
        missed = await read(watch, 4, first.id)
        await teller.keep("job.created", job_id="job_5")
        new = await read(watch, 1, missed[-1].id)

    assert [event.type for event in (first, *missed)][:2] == ["JobStatusChange", "JobCompleted"]
    assert [event.job_id for event in (*missed, *new)] == [f"job_{number}" for number in range(1, 6)]


async def test_an_event_that_was_deleted_is_a_gap(
    polling_hub: Hub, teller: Teller, without_redis: Settings
) -> None:
    """Who comes back to what is not held any more is warned, and then sees what there is."""
    async with polling_hub.watching(teller.org_id) as watch:
        await teller.keep("job.created")
        (seen,) = await read(watch, 1)
    await teller.keep("job.created", job_id="job_2")
    await teller.database.execute("DELETE FROM happening WHERE item ->> 'job_id' = %s", (seen.job_id,))
    async with opened_hub(without_redis) as other, other.watching(teller.org_id) as watch:
        events = await read(watch, 2, seen.id)

    assert [(event.type, event.job_id) for event in events] == [("EventsLost", None), ("JobCreated", "job_2")]


async def test_credentials_are_doubted_while_nobody_tells_of_changes(
    polling_hub: Hub, teller: Teller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without Redis no process hears of a key that another revoked: its readers prove themselves again."""
    monkeypatch.setattr("shared.live.hub._RENEW_SECONDS", 0.01)
    monkeypatch.setattr("shared.live.hub._UNHEARD_SECONDS", 0.02)
    async with (
        polling_hub.watching(teller.org_id) as watch,
        aclosing(watch.follow()) as batches,
        asyncio.timeout(60),
    ):
        while watch.credentials_changed < 2:
            await anext(batches)
