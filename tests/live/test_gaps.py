"""Where events may be missing, readers are told so; where two ways carry them, both are read."""

import asyncio
from contextlib import aclosing

from shared.events.channel import stream_of
from shared.live import Hub, Watch
from shared.settings import Settings
from tests.support.line import line_to
from tests.support.live import Teller, held_up, opened_hub, read


async def types_until(watch: Watch, last_job: str) -> list[str]:
    """The types of what comes, up to what is told of a job."""
    found: list[str] = []
    async with asyncio.timeout(60), aclosing(watch.follow()) as batches:
        async for batch in batches:
            for event in batch:
                found += [event.type] if event.type != "SystemHealth" else []
                if event.job_id == last_job:
                    return found
    raise AssertionError


async def test_a_stream_that_was_cut_before_it_was_read(hub: Hub, teller: Teller) -> None:
    """A process that was so slow that the stream lost what it had not read tells its readers."""
    async with hub.watching(teller.org_id) as watch:
        await teller.tell("job.created")
        await read(watch, 1)
        async with held_up(hub, teller):
            await teller.tell_many(700, "job.created")
            await teller.redis.xtrim(stream_of(teller.org_id), maxlen=600, approximate=False)
            await teller.tell("job.created", job_id="job_last")
        types = await types_until(watch, "job_last")

    assert types == ["EventsLost"] + ["JobCreated"] * 601


async def test_a_redis_that_forgot_everything(teller: Teller, settings: Settings) -> None:
    """Its streams begin anew, with a clock that is behind: readers are warned, and hear what comes."""
    entry = {"n": '["job.created"]', "d": '{"job_id": "job_first", "queue_name": "q"}', "a": ""}
    async with line_to(settings.redis_url) as line:
        through = settings.model_copy(update={"redis_url": line.url})
        async with opened_hub(through) as hub, hub.watching(teller.org_id) as watch:
            await teller.redis.xadd(stream_of(teller.org_id), entry, id="99999999999999-0")
            first = await types_until(watch, "job_first")
            await teller.redis.delete(stream_of(teller.org_id))
            line.cut()
            lost = await read(watch, 1)
            await teller.tell("job.created", job_id="job_last")
            last = await types_until(watch, "job_last")

    assert (first, [event.type for event in lost], last) == (["JobCreated"], ["EventsLost"], ["JobCreated"])


async def test_a_line_that_was_cut_loses_nothing(teller: Teller, settings: Settings) -> None:
    """What was told while a process was cut off from Redis is read when it is back, without a warning."""
    async with line_to(settings.redis_url) as line:
        through = settings.model_copy(update={"redis_url": line.url})
        async with opened_hub(through) as hub, hub.watching(teller.org_id) as watch:
            await teller.tell("job.created", job_id="job_first")
            types = await types_until(watch, "job_first")
            line.cut()
            await teller.tell_many(600, "job.created")
            await teller.tell("job.created", job_id="job_last")
            types += await types_until(watch, "job_last")

    assert types == ["JobCreated"] * 602


async def test_what_is_kept_for_another_process_is_read(hub: Hub, polling_hub: Hub, teller: Teller) -> None:
    """A process without Redis makes events go through the database: one that has Redis looks there too."""
    async with hub.watching(teller.org_id) as watch, polling_hub.watching(teller.org_id) as other:
        await teller.keep("job.created", job_id="job_1")
        hub._hurry.set()
        types = await types_until(watch, "job_1")
        types += await types_until(other, "job_1")

    assert types == ["JobCreated"] * 2


async def test_who_comes_back_sees_what_came_by_the_other_way(
    hub: Hub, polling_hub: Hub, teller: Teller
) -> None:
    """The last event came through Redis, and what was missed since through the database: it is told."""
    async with hub.watching(teller.org_id) as watch, polling_hub.watching(teller.org_id):
        await teller.tell("job.created", job_id="job_1")
        (seen,) = await read(watch, 1)
        await teller.keep("job.created", job_id="job_2")
        hub._hurry.set()
        await types_until(watch, "job_2")
        async with hub.watching(teller.org_id) as returned:
            (missed,) = await read(returned, 1, after=seen.id)

    assert missed.job_id == "job_2"


async def test_a_time_in_which_nobody_was_known_to_watch(hub: Hub, teller: Teller) -> None:
    """A process that could not renew its row in time tells its readers what they may have missed."""
    async with hub.watching(teller.org_id) as watch:
        await teller.database.execute(
            "UPDATE watch SET until = now() - interval '1 second' WHERE org_id = %s", (teller.org_id,)
        )
        hub._hurry.set()
        lost = await read(watch, 1)
        until = await teller.database.execute(
            "SELECT until > now() + interval '4 minutes' FROM watch WHERE org_id = %s", (teller.org_id,)
        )

    assert [event.type for event in lost] == ["EventsLost"]
    assert await until.fetchone() == (True,)


async def test_two_ways_cannot_be_put_in_one_order(hub: Hub, teller: Teller, settings: Settings) -> None:
    """Who comes back to another process after events went through the database is warned."""
    async with hub.watching(teller.org_id) as watch:
        await teller.tell("job.created")
        (seen,) = await read(watch, 1)
    await teller.database.execute("UPDATE watch SET kept_until = now() WHERE org_id = %s", (teller.org_id,))
    await teller.tell("job.created")
    async with opened_hub(settings) as other, other.watching(teller.org_id) as watch:
        events = await read(watch, 2, seen.id)

    assert [event.type for event in events] == ["EventsLost", "JobCreated"]
