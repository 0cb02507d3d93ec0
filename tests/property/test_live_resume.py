"""A reader of live events that comes back, to whatever process: no event twice, and none missed unsaid."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.events.channel import stream_of
from shared.live import Hub, TooSlowError
from shared.live.position import Place
from shared.settings import Settings
from tests.support.effort import examples
from tests.support.live import Teller, new_teller, opened_hub
from tests.support.until import until

_LONGEST_SECONDS = 60
NAMES = {
    ("job.created",): 1,
    ("job.completed",): 2,
    ("job.failed", "job.deadlettered"): 2,
    ("job.completed", "job.failed"): 4,
    ("something.new",): 0,
}
"""What is told, and how many events it becomes."""
HAPPENINGS = st.lists(st.sampled_from(list(NAMES)), min_size=1, max_size=8)
STEPS = st.lists(
    st.tuples(st.just("tell"), HAPPENINGS)
    | st.tuples(st.just("connect"), st.tuples(st.integers(0, 1), st.integers(1, 12), HAPPENINGS))
    | st.tuples(st.just("trim"), st.integers(0, 4)),
    max_size=16,
)


@dataclass
class World:
    """Two processes, what was told, and one who reads a few events and comes back with the last id it saw."""

    hubs: list[Hub]
    teller: Teller
    entries: list[str] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    held_from: int = 0
    """The first entry that the stream holds still."""
    seen: list[str] = field(default_factory=list)
    said: dict[int, bool] = field(default_factory=dict)
    """After how many events it was said that some may be missing, and whether the last id was held then."""

    async def tell(self, names: tuple[str, ...]) -> None:
        entry = await self.teller.tell(*names)
        self.entries.append(entry)
        count = NAMES[names]
        self.events += [entry if part == count else f"{entry}.{part}" for part in range(1, count + 1)]

    async def trim(self, length: int) -> None:
        """Cut the stream, once all have read it: it is cut by its length, of which they are far ahead.

        Among what is left may be entries that tell nothing, with which processes begin.
        """
        await self.all_have_read()
        stream = stream_of(self.teller.org_id)
        await self.teller.redis.xtrim(stream, maxlen=length, approximate=False)
        left = await self.teller.redis.xrange(stream, count=1)
        cut = [entry for entry in self.entries if not left or Place.of(entry) < Place.of(left[0][0].decode())]
        self.held_from = len(cut)

    async def all_have_read(self) -> None:
        last = Place.of(self.entries[-1])
        rooms = [hub._rooms.get(self.teller.org_id) for hub in self.hubs]

        async def have_read() -> bool:
            return all(room is None or room.ring.read_to["stream"] >= last for room in rooms)

        await until(have_read)

    async def connect(self, number: int, most: int, meanwhile: list[tuple[str, ...]]) -> None:
        """Read at most so many events, and never wait for one that may not come; tell after each batch."""
        after = self.seen[-1]
        place = self.events.index(after) + 1
        is_held = self.entries.index(after.partition(".")[0]) >= self.held_from
        held = self.entries[self.held_from :]
        most = min(most, sum(event.partition(".")[0] in held for event in self.events[place:]))
        try:
            async with (
                asyncio.timeout(_LONGEST_SECONDS),
                self.hubs[number].watching(self.teller.org_id) as watch,
            ):
                # So that a burst does not fit, and most of what was missed is looked up.
                self.hubs[number]._rooms[self.teller.org_id].ring._most_events = 5
                async with aclosing(watch.follow(after)) as batches:
                    while most > 0:
                        batch = await anext(batches)
                        for _ in range(min(3, len(meanwhile))):
                            await self.tell(meanwhile.pop())
                            await self.all_have_read()
                        for event in batch:
                            if event.type == "EventsLost":
                                self.said[len(self.seen)] = is_held
                            elif event.id and most > 0:
                                self.seen.append(event.id)
                                most -= 1
        except TooSlowError:
            await self.connect(number, most, meanwhile)


@pytest.fixture(scope="module")
async def hubs(settings: Settings) -> AsyncIterator[list[Hub]]:
    async with opened_hub(settings) as one, opened_hub(settings) as other:
        yield [one, other]


MANY = ("tell", [("job.created",), ("job.completed", "job.failed"), ("job.completed",)] * 3)
BACK, ELSEWHERE, CUT = ("connect", (0, 3, [])), ("connect", (1, 3, [])), ("trim", 2)
BUSY = ("connect", (1, 30, [("job.completed", "job.failed")] * 9))


@given(steps=STEPS)
@example(steps=[MANY, BACK, ELSEWHERE, BACK, ELSEWHERE, ELSEWHERE, BACK])
@example(steps=[BACK, MANY, MANY, BACK, BACK, MANY, BACK])
@example(steps=[ELSEWHERE, MANY, BUSY, MANY, BUSY, MANY])
@example(steps=[MANY, CUT, ELSEWHERE, MANY, CUT, BACK])
@example(steps=[BACK, ELSEWHERE, ("trim", 1), ("tell", [("job.created",)] * 6)])
@examples(30)
async def test_who_comes_back_misses_and_repeats_nothing(
    hubs: list[Hub], settings: Settings, steps: list[tuple[str, object]]
) -> None:
    """Whatever happens in between: each event once and in order, or it is said that some are gone."""
    async with new_teller(settings) as teller:
        world = World(hubs, teller)
        async with hubs[0].watching(teller.org_id):
            await world.tell(("job.created",))
        world.seen.append(world.entries[0])
        for kind, what in steps:
            match kind, what:
                case "tell", list(happenings):
                    for names in happenings:
                        await world.tell(names)
                case "connect", (int(number), int(most), list(meanwhile)):
                    await world.connect(number, most, [*meanwhile])
                case "trim", int(length):
                    await world.trim(length)
        await world.tell(("job.created",))
        while world.seen[-1] != world.events[-1]:
            await world.connect(0, len(world.events), [])

    places = [world.events.index(event) for event in world.seen]
    jumps = {number for number in range(1, len(places)) if places[number] != places[number - 1] + 1}
    assert places == sorted(set(places))
    assert jumps <= set(world.said)
    assert not any(world.said.values())
