"""Whatever comes, goes and gives up in whatever order: no place is lost, and nobody is forgotten in line."""

import asyncio
from random import Random

import pytest

from shared.limits.fair import CrowdedError, Fair, Leave

PLACES = 3
STEPS = 1_500


class Crowd:
    """Requests of three organizations, of which one sends most."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.time = 1000.0
        most_in_line = random.choice([5, 30, 1_000])
        self.fair = Fair(places=PLACES, most_in_line=most_in_line, clock=lambda: self.time)
        self.tasks: set[asyncio.Task[None]] = set()
        self.leaves: list[Leave] = []

    async def step(self) -> None:
        what = self.random.random()
        if what < 0.5:
            task = asyncio.create_task(self._request(self.random.choice([1, 1, 1, 1, 2, 3])))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
        elif what < 0.6 and self.tasks:
            self.random.choice([*self.tasks]).cancel()
        elif what < 0.7 and self.leaves:
            self.random.choice(self.leaves)()
        elif what < 0.75:
            self.time += self.random.choice([0.1, 2.0])
        else:
            await asyncio.sleep(0)

    async def _request(self, org_id: int) -> None:
        try:
            place = await self.fair.take(org_id, self.leaves.append)
        except CrowdedError:
            return
        try:
            for _ in range(self.random.randrange(6)):
                await asyncio.sleep(0)
            if self.random.random() < 0.2:
                self.fair.step_aside()
                await asyncio.sleep(0)
        finally:
            place.give_up()


@pytest.mark.parametrize("seed", range(40))
async def test_no_place_and_nobody_in_line_is_lost(seed: int) -> None:
    """Nobody stands in line while a place is free, and in the end there is nothing left of anybody."""
    crowd = Crowd(Random(seed))
    for _ in range(STEPS):
        await crowd.step()
        for lane in crowd.fair._lanes.values():
            assert not lane.waiting or lane.taken >= PLACES
    async with asyncio.timeout(60):
        await asyncio.gather(*crowd.tasks, return_exceptions=True)

    assert (crowd.fair.in_line, crowd.fair.under_way, crowd.fair._lanes) == (0, 0, {})
