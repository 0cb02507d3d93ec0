"""Live events of real changes, from any process to any other, whatever becomes of Redis."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from shared import ids
from shared.core import Core
from shared.edge.opening import open_core
from shared.jobs.claim import Claim, claim_due
from shared.jobs.enqueue import NewJob, enqueue_jobs
from shared.live import Watch
from shared.settings import Settings
from shared.tenants.caller import Caller
from tests.support.api import Tenant
from tests.support.live import read
from tests.support.mortal import mortal_redis
from tests.support.until import until


@asynccontextmanager
async def process(settings: Settings) -> AsyncIterator[Core]:
    """The services of one more process."""
    core = await open_core(settings)
    try:
        yield core
    finally:
        await core.close()


def caller_of(org: Tenant) -> Caller:
    return Caller(ids.decode("org", org.org_id), ids.UNKNOWN)


async def push(core: Core, caller: Caller, count: int = 1) -> list[str]:
    """The ids of new jobs."""
    made = await enqueue_jobs(core, caller, [NewJob("emails", "{}") for _ in range(count)], core.clock())
    return [ids.encode("job", job.job_id) for job in made]


async def created(watch: Watch, jobs: list[str]) -> list[str | None]:
    """All that readers are told was made, until these jobs were among it."""
    found: list[str | None] = []
    while not set(jobs) <= set(found):
        found += [event.job_id for event in await read(watch, 1) if event.type == "JobCreated"]
    return found


@pytest.mark.parametrize("redis", [True, False], ids=["redis", "without"])
async def test_two_processes_see_each_others_changes(settings: Settings, org: Tenant, *, redis: bool) -> None:
    """A life of a job, each step by another process, is read in both of them alike."""
    if not redis:
        settings = settings.model_copy(update={"redis_url": "none"})
    caller = caller_of(org)
    async with process(settings) as one, process(settings) as other:
        assert one.hub is not None
        assert other.hub is not None
        async with one.hub.watching(caller.org_id) as here, other.hub.watching(caller.org_id) as there:
            (job_id,) = await push(one, caller)
            (job,) = await claim_due(other, caller, Claim("emails", "w"), other.clock())
            await org.post(f"/jobs/{job_id}/complete", {"result": 7})

            seen = await asyncio.gather(read(here, 5), read(there, 5))

    assert job["id"] == job_id
    for events in seen:
        assert [event.type for event in events] == [
            "QueueCreated",
            "JobCreated",
            "JobStatusChange",
            "JobStatusChange",
            "JobCompleted",
        ]
        assert {event.job_id for event in events[1:]} == {job_id}
        assert events[2].data["old_status"] == "pending"
        assert (events[3].data["old_status"], events[3].data["new_status"]) == ("processing", "completed")
        assert events[4].data["result"] == 7


async def test_a_change_of_this_process_is_seen_at_once(
    settings: Settings, org: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that commits a change need not wait for its next look at the database."""
    settings, caller = settings.model_copy(update={"redis_url": "none"}), caller_of(org)
    async with process(settings) as core:
        assert core.hub is not None
        # Another transaction on the server may make it miss one look, but not all three.
        monkeypatch.setattr("shared.live.table._POLL_SECONDS", 30)
        async with core.hub.watching(caller.org_id) as watch, asyncio.timeout(75):
            for _ in range(3):
                made = await push(core, caller)
                assert await created(watch, made) == made


async def test_nothing_is_lost_when_redis_is_killed(settings: Settings, org: Tenant, tmp_path: Path) -> None:
    """Before, while and after Redis is gone: both processes see each change once."""
    caller = caller_of(org)
    with mortal_redis(tmp_path) as redis:
        own = settings.model_copy(update={"redis_url": redis.url})
        async with process(own) as one, process(own) as other:
            assert one.hub is not None
            assert other.hub is not None
            async with one.hub.watching(caller.org_id) as here, other.hub.watching(caller.org_id) as there:
                made = await push(one, caller, 3)
                seen = [await created(here, made), await created(there, made)]
                redis.die()
                late = await push(other, caller, 3)

                async def is_kept() -> bool:
                    return all(core.hub._rooms[caller.org_id].is_kept for core in (one, other))

                await until(is_kept)
                kept = await push(other, caller, 3)
                seen[0] += await created(here, kept)
                seen[1] += await created(there, kept)
                redis.come_back()
                last = await push(one, caller, 2)
                made += [*late, *kept, *last]
                for jobs, watch in zip(seen, (here, there), strict=True):
                    jobs.extend(await created(watch, [job for job in made if job not in jobs]))

    assert [sorted(map(str, jobs)) for jobs in seen] == [sorted(made)] * 2
