"""Readers of live events that come through Redis."""

import asyncio
from contextlib import aclosing
from typing import Any

import pytest

from shared.errors import UnavailableError
from shared.events.channel import stream_of
from shared.live import Hub, TooSlowError
from shared.live.ring import MOST_BYTES, MOST_EVENTS
from shared.live.room import Room
from shared.live.wishes import Wishes
from shared.settings import Settings
from shared.store import Store
from tests.support.live import Teller, held_up, new_teller, opened_hub, read
from tests.support.until import until


async def test_all_readers_see_what_is_told_in_order(hub: Hub, teller: Teller) -> None:
    """Every reader gets each event once, in the order of the changes, and none from before."""
    await teller.tell("job.created")
    async with hub.watching(teller.org_id) as one, hub.watching(teller.org_id) as other:
        await teller.tell("job.created", job_id="job_a")
        await teller.tell("job.completed", job_id="job_a", duration_ms=12)

        seen = await asyncio.gather(read(one, 3), read(other, 3))

    assert [[event.type for event in events] for events in seen] == [
        ["JobCreated", "JobStatusChange", "JobCompleted"]
    ] * 2
    assert {event.job_id for event in seen[0]} == {"job_a"}


@pytest.mark.parametrize("patience_seconds", [0.0, 0.05])
async def test_following_can_end_with_what_there_is(
    hub: Hub, teller: Teller, patience_seconds: float
) -> None:
    """With a patience it gives all that was missed, page after page, and ends; one can go on after it."""
    async with hub.watching(teller.org_id) as watch:
        first = await teller.tell("job.created", job_id="job_first")
        await teller.tell_many(1_100, "job.created", job_id="job_more")
        await read(watch, 1_101)
    async with hub.watching(teller.org_id) as back:
        missed = [event async for batch in back.follow(first, patience_seconds) for event in batch]
        await teller.tell("job.created", job_id="job_late")
        (late, *_) = await read(back, 1)

    assert [event.job_id for event in missed if event.job_id] == ["job_more"] * 1_100
    assert late.job_id == "job_late"


async def test_organizations_are_apart(hub: Hub, teller: Teller, settings: Settings) -> None:
    """A reader sees nothing of another organization that the same process watches."""
    async with (
        new_teller(settings) as neighbour,
        hub.watching(teller.org_id) as watch,
        hub.watching(neighbour.org_id) as other,
    ):
        await neighbour.tell("job.created", job_id="job_theirs")
        await teller.tell("job.created", job_id="job_ours")

        assert [event.job_id for event in await read(watch, 1)] == ["job_ours"]
        assert [event.job_id for event in await read(other, 1)] == ["job_theirs"]


async def test_an_organization_that_joins_late_is_heard_at_once(
    hub: Hub, teller: Teller, settings: Settings
) -> None:
    """Who waits for events of many organizations is told of one more, in far less than its wait."""
    async with hub.watching(teller.org_id) as watch:
        await teller.tell("job.created")
        await read(watch, 1)
        async with new_teller(settings) as late, hub.watching(late.org_id) as late_watch, asyncio.timeout(2):
            await late.tell("job.created")

            assert len(await read(late_watch, 1)) == 1


async def test_a_reader_who_reads_nothing_is_told_so_and_costs_nothing(hub: Hub, teller: Teller) -> None:
    """What a slow reader misses is held for nobody: it is cut with a reason, and the others go on."""
    async with hub.watching(teller.org_id) as slow, hub.watching(teller.org_id) as quick:
        ring = hub._rooms[teller.org_id].ring
        for _ in range(6):
            await teller.tell_many(1_000, "job.failed", error="x" * 500)
            await read(quick, 2_000)
        async with aclosing(slow.follow()) as batches:
            assert slow.is_stale
            with pytest.raises(TooSlowError, match="faster"):
                await anext(batches)

        assert not quick.is_stale
        assert len(ring._held) <= MOST_EVENTS
        assert ring._size <= MOST_BYTES


async def test_an_id_that_is_not_held_is_answered_with_a_warning(hub: Hub, teller: Teller) -> None:
    """Whatever a client says it saw last, it goes on from now, and learns that something may be missing."""
    await teller.tell("job.created", job_id="job_old")
    for after in ("", "garbage", "12-1", "99999999999999-0", "p1-1", "1-1.1", "18446744073709551616-0", "é"):
        async with hub.watching(teller.org_id) as watch:
            reading = asyncio.create_task(read(watch, 2, after))
            lost = (await read(watch, 1, "x"))[0]
            await teller.tell("job.created", job_id=f"job_{after}")
            events = await reading

        assert lost.type == "EventsLost"
        assert (events[0].type, events[0].id, events[0].data["after"]) == ("EventsLost", "", after)
        assert "missing" in events[0].data["message"]
        assert events[1].type == "JobCreated"


async def test_who_was_away_while_nobody_watched_is_warned(
    hub: Hub, teller: Teller, settings: Settings
) -> None:
    """The stream still holds what the client saw last, but what came after it nobody told."""
    async with hub.watching(teller.org_id) as watch:
        await teller.tell("job.created")
        (seen,) = await read(watch, 1)
    await teller.database.execute(
        "UPDATE watch SET until = now() - interval '1 second' WHERE org_id = %s", (teller.org_id,)
    )
    async with opened_hub(settings) as later, later.watching(teller.org_id) as watch:
        reading = asyncio.create_task(read(watch, 2, seen.id))
        await read(watch, 1, "x")
        await teller.tell("job.created")
        events = await reading

    assert [event.type for event in events] == ["EventsLost", "JobCreated"]


async def test_who_is_ahead_of_a_process_is_told_nothing_twice(
    hub: Hub, teller: Teller, settings: Settings
) -> None:
    """A process that is behind passes over what its new reader has seen elsewhere."""
    async with opened_hub(settings) as behind, behind.watching(teller.org_id) as place:
        async with held_up(behind, teller):
            async with hub.watching(teller.org_id) as watch:
                ids = [await teller.tell("job.created") for _ in range(3)]
                seen = await read(watch, 3)
            coming = asyncio.create_task(read(place, 1, seen[-1].id))

            async def is_ahead() -> bool:
                return place._ahead is not None

            await until(is_ahead)
            last = await teller.tell("job.created")
        events = await coming

    assert [event.id for event in seen] == ids
    assert [event.id for event in events] == [last]


async def test_idle_readers_ask_the_database_nothing(
    settings: Settings, teller: Teller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand readers cost what one costs: what the process asks by the clock, once for all."""
    asked: list[int] = []
    round_trip = Store._round_trip

    async def counted(store: Store, *arguments: Any, **how: Any) -> object:
        asked.append(1)
        return await round_trip(store, *arguments, **how)

    monkeypatch.setattr(Store, "_round_trip", counted)
    monkeypatch.setattr("shared.live.derived._HEALTH_SECONDS", 0.05)
    monkeypatch.setattr("shared.live.hub._RENEW_SECONDS", 0.05)
    async with opened_hub(settings) as hub:
        ticks = 0

        async def idle() -> None:
            nonlocal ticks
            async with hub.watching(teller.org_id) as watch, aclosing(watch.follow()) as batches:
                async for batch in batches:
                    ticks += len(batch)

        readers = [asyncio.create_task(idle()) for _ in range(1_000)]

        async def ten_ticks() -> bool:
            return ticks >= 10_000

        await until(ten_ticks)
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)

    assert len(asked) < 100


async def test_readers_are_let_go_of_when_the_hub_closes(settings: Settings, teller: Teller) -> None:
    """A process that ends does not wait for those who follow: their stream ends."""
    async with opened_hub(settings) as hub:
        is_following = asyncio.Event()

        async def follow_to_the_end() -> None:
            async with hub.watching(teller.org_id) as watch:
                is_following.set()
                async for _ in watch.follow():
                    pass

        reading = asyncio.create_task(follow_to_the_end())
        await is_following.wait()
        await hub.close()

        await asyncio.wait_for(reading, 5)
        with pytest.raises(UnavailableError, match="shutting down"):
            await hub.watching(teller.org_id).__aenter__()


async def test_a_room_that_nobody_needs_is_left(
    hub: Hub, teller: Teller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An organization without readers is read on for a while, then no more."""
    monkeypatch.setattr("shared.live.hub._LINGER_SECONDS", 0.0)
    async with hub.watching(teller.org_id):
        hub._leave_rooms()
        assert teller.org_id in hub._rooms

    hub._leave_rooms()

    assert teller.org_id not in hub._rooms


async def test_what_is_old_is_let_go_of(hub: Hub, teller: Teller, monkeypatch: pytest.MonkeyPatch) -> None:
    """Events are held for a while, then looked up by who comes back; a reader still at them is too slow."""
    async with hub.watching(teller.org_id) as watch, hub.watching(teller.org_id) as slow:
        first = await teller.tell("job.created")
        second = await teller.tell("job.created")
        await read(watch, 2)
        monkeypatch.setattr("shared.live.hub._HELD_SECONDS", 0.0)
        hub._leave_rooms()
        async with hub.watching(teller.org_id) as back:
            events = await read(back, 1, first)

        assert [event.id for event in events] == [second]
        assert (slow.is_stale, watch.is_stale) == (True, False)


async def test_all_rings_share_one_measure_of_memory(hub: Hub, teller: Teller) -> None:
    """The more organizations a process watches, the less it holds of each."""
    async with hub.watching(teller.org_id):
        hub._leave_rooms()
        alone = hub._rooms[teller.org_id].ring.most_bytes
        for number in range(1, 65):
            hub._rooms[-number] = Room(-number, Wishes(asyncio.Event()))
        hub._leave_rooms()
        shared = hub._rooms[teller.org_id].ring.most_bytes
        for number in range(1, 65):
            del hub._rooms[-number]

    assert (alone, shared * 65 <= 128_000_000) == (MOST_BYTES, True)


async def test_what_cannot_be_read_stops_nobody(hub: Hub, teller: Teller) -> None:
    """An entry that is broken, or of a later version, is passed over."""
    async with hub.watching(teller.org_id) as watch:
        for entry in (
            {"x": "y"},
            {"n": "[1]", "d": "{}", "a": ""},
            {"n": '["job.created"]', "d": "[", "a": ""},
        ):
            await teller.redis.xadd(stream_of(teller.org_id), entry)
        await teller.tell("job.created", job_id="job_sound")

        assert [event.job_id for event in await read(watch, 1)] == ["job_sound"]
