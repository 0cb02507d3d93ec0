"""Databases that benchmarks fill in bulk are such as the service leaves them."""

import asyncio
from datetime import UTC, datetime

from benchmarks.grown import Size, grown, opened, settings_of
from benchmarks.lifecycle import STEPS, Times, live
from shared.jobs.filtering import JobFilter
from shared.jobs.listing import list_jobs
from shared.jobs.model import SETTLED_STATES
from shared.jobs.stats import job_stats
from shared.tenants.caller import Caller
from tests.support.servers import Servers

ORG = Caller(org_id=1, key_id=1)


def test_jobs_made_in_bulk_are_counted_claimed_and_listed(servers: Servers, worker_id: str) -> None:
    """Those that wait and those that are finished, in their partitions, as if each had been pushed."""
    server = f"{servers.template_url.rpartition('/')[0]}/postgres"
    size = Size(pending=20, archived=1_000, days=2, queues=2, organizations=3)
    url = grown(server, f"bulk_{worker_id}", size)

    async def look() -> None:
        async with opened(settings_of(url)) as core:
            counts = await job_stats(core, ORG, datetime.now(UTC))
            page, has_more = await list_jobs(core, ORG, JobFilter(statuses=("completed",)), datetime.now(UTC))
            times = Times()
            await live(core, 1, "bench-0", "{}", times)

        assert (counts["pending"], counts["scheduled"]) == (10, 10)
        assert sum(counts[state] for state in SETTLED_STATES) == 800
        assert min(counts[state] for state in SETTLED_STATES) > 0
        assert (len(page), has_more) == (50, True)
        assert {step: len(taken) for step, taken in times.taken.items()} == dict.fromkeys(STEPS, 1)

    asyncio.run(look())
