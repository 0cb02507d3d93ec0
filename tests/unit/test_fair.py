"""Who goes at once, who stands in line, and that nobody waits behind another organization's."""

import asyncio

import pytest

from shared.limits.fair import CrowdedError, Fair
from shared.limits.lane import BURST_SECONDS, STEADY_SECONDS, STUCK_SECONDS
from tests.support.fair_world import LARGE, SMALL, World, numbers, settled, until_turn


@pytest.fixture
def world() -> World:
    return World()


async def test_who_is_alone_is_not_held_back(world: World) -> None:
    """An organization with the process to itself has as many requests under way as it sends."""
    await world.come(LARGE, *numbers(30))

    assert len(world.under_way) == 30
    assert world.fair.in_line == 0


async def test_one_does_not_wait_for_another(world: World) -> None:
    """However many stand in line, another organization's request goes at once."""
    await world.come(SMALL, "first")
    await world.come(LARGE, *numbers(50))
    await world.come(SMALL, "second")

    assert world.under_way == ["first", "large-0", "large-1", "second"]
    assert world.fair.in_line == 48


async def test_those_in_line_go_in_their_order(world: World) -> None:
    """Each place that is free goes to who has waited longest; who comes then does not overtake."""
    await world.come(SMALL, "small")
    await world.come(LARGE, *numbers(5))
    await world.end("large-1")
    await world.come(LARGE, "late")
    seen = [list(world.under_way)]
    for name in ("large-0", "large-2", "large-3"):
        await world.end(name)
        seen.append(list(world.under_way))

    assert [names[1:] for names in seen] == [
        ["large-0", "large-2"],
        ["large-2", "large-3"],
        ["large-3", "large-4"],
        ["large-4", "late"],
    ]


async def test_another_counts_for_a_second_after_its_last_request(world: World) -> None:
    """A pause between two requests of the small one does not let the large one in at once."""
    await world.come(SMALL, "small")
    await world.end("small")
    world.time += 0.9
    await world.come(LARGE, *numbers(4))
    world.time += 0.9

    assert world.under_way == ["large-0", "large-1"]

    world.time += 0.2
    await world.end("large-0")

    assert world.under_way == ["large-1", "large-2", "large-3"]


async def test_who_steps_aside_takes_no_place(world: World) -> None:
    """One that waits for something leaves its place to the next, and gives it up only once."""
    await world.come(SMALL, "small")
    woken = asyncio.Event()

    async def long_poll() -> None:
        place = await world.fair.take(LARGE)

        async def wait() -> None:
            world.fair.step_aside()
            await woken.wait()

        await asyncio.create_task(wait())
        place.give_up()

    polls = [asyncio.create_task(long_poll()) for _ in range(10)]
    await settled()
    await world.come(LARGE, *numbers(3))
    woken.set()
    await asyncio.gather(*polls)
    await world.end("large-0")

    assert world.under_way == ["small", "large-1", "large-2"]
    assert world.fair.in_line == 0


async def test_nothing_is_stepped_aside_from_without_a_place(world: World) -> None:
    """What runs outside a request may wait too."""
    world.fair.step_aside()
    await world.come(SMALL, "small")

    assert world.under_way == ["small"]


async def test_who_is_cancelled_leaves_the_line(world: World) -> None:
    """In line, or in the very moment of its turn: its place goes to the next."""
    await world.come(SMALL, "small")
    await world.come(LARGE, *numbers(6))
    world.tasks["large-2"].cancel()
    await settled()
    assert world.fair.in_line == 3
    world.over["large-0"].set()
    await until_turn(world, in_line=2)
    world.tasks["large-3"].cancel()
    await settled()

    assert world.under_way == ["small", "large-1", "large-4"]
    await world.end("large-1", "large-4", "large-5", "small")
    assert world.fair.in_line == 0
    await world.come(LARGE, *numbers(2, "later"))
    assert world.under_way == numbers(2, "later")


async def test_a_cancellation_and_a_free_place_in_one_moment_lose_nothing(world: World) -> None:
    """A place that is free while the first in line goes is the second's."""
    await world.come(SMALL, "small")
    await world.come(LARGE, *numbers(4))
    world.tasks["large-2"].cancel()
    world.over["large-0"].set()
    await settled()

    assert world.under_way == ["small", "large-1", "large-3"]
    assert world.fair.in_line == 0


async def test_a_client_that_goes_leaves_the_line(world: World) -> None:
    """What it asked for is not done; one that goes later changes nothing."""
    await world.come(SMALL, "small")
    await world.come(LARGE, *numbers(4))
    world.leave["large-2"]()
    await world.end("large-0")
    world.leave["large-3"]()
    world.leave["large-2"]()

    with pytest.raises(CrowdedError):
        await world.tasks["large-2"]
    assert world.under_way == ["small", "large-1", "large-3"]
    assert world.fair.in_line == 0


async def test_of_the_longest_line_the_newest_is_refused() -> None:
    """Lines have an end, and who floods does not have others refused."""
    world = World(places=1, most_in_line=3)
    await world.come(SMALL, "small-0")
    await world.come(LARGE, *numbers(5))
    await world.come(SMALL, "small-1")

    for refused in ("large-4", "large-3"):
        with pytest.raises(CrowdedError) as told:
            await world.tasks[refused]
        assert (told.value.status, told.value.retry_after) == (503, 1)
    assert world.fair.in_line == 3
    await world.end("small-0", "large-0")
    assert world.under_way == ["small-1", "large-1"]


async def test_a_line_takes_a_burst(world: World) -> None:
    """While somebody is served now and then, who came first is refused after five seconds, not before."""
    await world.come(SMALL, "small-0")
    await world.come(LARGE, *numbers(8))
    for served in range(5):
        world.time += 0.9
        world.fair._sweep()
        await world.end(f"large-{served}")
    assert world.fair.in_line == 1

    world.time += 0.6
    world.fair._sweep()

    with pytest.raises(CrowdedError):
        await world.tasks["large-7"]
    await world.end("small-0", "large-5", "large-6")


async def test_a_line_that_is_stuck_is_no_burst(world: World) -> None:
    """Where nobody is served for a second, nobody stands longer than that: what fails serves nobody."""
    await world.come(SMALL, "small-0")
    await world.come(LARGE, *numbers(4))
    world.time += STUCK_SECONDS / 2
    await world.fail("large-0")
    assert world.fair.in_line == 1
    await world.come(LARGE, "late")
    world.time += STUCK_SECONDS / 2 + 0.1

    world.fair._sweep()

    with pytest.raises(CrowdedError):
        await world.tasks["large-3"]
    assert world.fair.in_line == 1
    await world.end("small-0", "large-1", "large-2", "late")


async def test_a_process_that_was_late_itself_refuses_nobody_for_it(world: World) -> None:
    """Where the event loop stood still for seconds, that nobody was served says nothing of the database."""
    await world.come(SMALL, "small-0")
    await world.come(LARGE, *numbers(4))
    loop = asyncio.get_running_loop()
    world.fair._sweeping = loop.call_at(loop.time() - 3.0, lambda: None)
    world.time += 3.1
    world.fair._sweep()
    await settled()
    assert world.fair.in_line == 2

    world.time += STUCK_SECONDS
    world.fair._sweep()
    await settled()

    assert world.fair.in_line == 0
    await world.close()


async def test_nobody_stands_long_in_a_line_that_stays(world: World) -> None:
    """When a line has stood for five seconds, half a second is the most, until none is refused for long."""
    await world.come(SMALL, "small-0")
    await world.come(LARGE, *numbers(4))
    world.time += BURST_SECONDS
    await world.come(LARGE, "late")
    await world.end("large-0")
    world.time += STEADY_SECONDS + 0.1
    world.fair._sweep()

    for refused in ("large-3", "late"):
        with pytest.raises(CrowdedError):
            await world.tasks[refused]
    await world.come(LARGE, "soon")
    world.time += STEADY_SECONDS + 0.1
    world.fair._sweep()
    with pytest.raises(CrowdedError):
        await world.tasks["soon"]
    world.time += BURST_SECONDS
    await world.come(LARGE, "new")
    world.time += 2 * STEADY_SECONDS - 0.1
    world.fair._sweep()
    assert world.fair.in_line == 1
    await world.end("small-0", "large-1", "large-2", "new")


async def test_those_who_stand_in_line_are_looked_at_by_themselves() -> None:
    """Where nothing ever ends, who waits is refused all the same."""
    world = World(places=1)
    await world.come(SMALL, "small-0")
    await world.come(LARGE, *numbers(2))
    world.time += BURST_SECONDS + 0.1

    with pytest.raises(CrowdedError):
        await asyncio.wait_for(world.tasks["large-1"], 20)
    await world.end("small-0", "large-0")


async def test_even_who_is_alone_has_so_many_under_way() -> None:
    """The rest stands in line, and when many are active each has fewer places, but one at least."""
    world = World(places=2, most_under_way=3)
    await world.come(LARGE, *numbers(5))
    assert (world.fair.under_way, world.fair.in_line) == (3, 2)
    await world.end(*numbers(5))

    for org_id in range(10, 14):
        await world.come(org_id, f"{org_id}-0", f"{org_id}-1")
    assert [name for name in world.under_way if name.endswith("-0")] == ["10-0", "11-0", "12-0", "13-0"]
    assert world.fair.in_line >= 2
    await world.end(*(f"{org_id}-{number}" for number in range(2) for org_id in range(10, 14)))


async def test_fewer_are_under_way_under_strain() -> None:
    """Half as many each time the loop is late, but some; and more again, step by step, when it is on time."""
    is_strained = False
    fair = Fair(most_under_way=64, is_strained=lambda: is_strained)
    assert fair._allowed_under_way == 32
    seen = []
    for late_by in (0.0, 0.0, 0.0, 0.0, 0.0, 0.05, 0.2, 0.2, 0.2, 0.2, 0.0):
        fair._adapt(late_by)
        seen.append(fair._allowed_under_way)

    assert seen == [40, 48, 56, 64, 64, 64, 32, 16, 8, 8, 16]
    is_strained = True
    fair._adapt(0.0)
    assert fair._allowed_under_way == 8


async def test_all_in_line_are_refused_at_the_end(world: World) -> None:
    """A process that ends leaves nobody waiting, and what is under way ends by itself."""
    await world.come(SMALL, *numbers(3, "small"))
    await world.come(LARGE, *numbers(3))
    world.fair.close()

    with pytest.raises(CrowdedError):
        await world.tasks["large-2"]
    assert world.fair.in_line == 0
    await world.end("large-0", "large-1", *numbers(3, "small"))


async def test_organizations_that_have_gone_are_forgotten(world: World) -> None:
    """A thousand that came and went do not make the last one share the process."""
    for org_id in range(1000):
        await world.come(org_id, org_id)
        await world.end(org_id)
    world.time += 2
    await world.come(LARGE, *numbers(20))

    assert len(world.under_way) == 20
