"""Readers of live events that came through Redis."""

import asyncio

import pytest

from shared.live import Hub
from shared.settings import Settings
from tests.support.live import Teller, new_teller, opened_hub, read


@pytest.fixture
async def hub(settings: Settings):
    async with opened_hub(settings) as opened:
        yield opened


@pytest.fixture
async def teller(settings: Settings):
    async with new_teller(settings) as made:
        yield made


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
