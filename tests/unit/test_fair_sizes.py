"""A request takes places by its size, and who would stand in line for too long is refused at once."""

import asyncio

import pytest

from shared.give_way import MANY, each_of
from shared.limits.body_room import SMALL_BODY, BodyRoom, body_rooms
from shared.limits.fair import CrowdedError, Fair, places_of
from shared.limits.lane import BURST_SECONDS, STEADY_SECONDS, Lane
from tests.support.fair_world import LARGE, SMALL, World, numbers, settled


def test_a_body_takes_places_by_its_length() -> None:
    """A job alone takes one, three hundred take twenty."""
    assert [places_of(size) for size in (0, 150, 2_047, 2_048, 44_000)] == [1, 1, 1, 2, 22]


async def test_large_requests_have_fewer_under_way() -> None:
    """Who is alone has as many as fit, the first of the line next, and small ones do not overtake it."""
    world = World(places=2, most_under_way=10)
    await world.come(LARGE, *numbers(3), cost=4)
    await world.come(LARGE, "small")
    assert world.under_way == ["large-0", "large-1"]

    await world.end("large-0")

    assert world.under_way == ["large-1", "large-2", "small"]
    await world.end("large-1", "large-2", "small")
    assert (world.fair.under_way, world.fair.in_line) == (0, 0)


@pytest.mark.parametrize(("others", "count"), [([], 2), (["small"], 1)])
async def test_the_largest_go_two_at_a_time_and_one_beside_others(others: list[str], count: int) -> None:
    """However large: one is read while another is written, and none waits for room that there never is."""
    world = World(places=2, most_under_way=10)
    await world.come(SMALL, *others)
    await world.come(LARGE, *numbers(3), cost=1_000)

    assert world.under_way == [*others, *numbers(count)]

    await world.end(*others, "large-0")

    assert set(world.under_way) >= {*numbers(count + 1)} - {"large-0"}
    await world.close()


async def test_who_would_stand_for_too_long_is_refused_at_once() -> None:
    """As quickly as the line moves it takes so many; one more hears of it before its body is read."""
    world = World(places=1)
    await world.come(SMALL, "small")
    await world.come(LARGE, *numbers(4))
    for served in range(2):
        world.time += 1.0
        await world.end(f"large-{served}")
        world.fair._sweep()
    world.fair.require_room(LARGE)
    await world.come(LARGE, *numbers(20, "late"))

    refused = [name for name, task in world.tasks.items() if task.done() and task.exception()]
    for name in refused:
        with pytest.raises(CrowdedError) as told:
            await world.tasks[name]
        assert told.value.retry_after == 1
    with pytest.raises(CrowdedError):
        world.fair.require_room(LARGE)
    world.fair.require_room(SMALL)

    # About one a second is served, in five seconds as many as stand there now.
    assert refused == numbers(20, "late")[-len(refused) :]
    assert 3 <= world.fair.in_line <= 8
    await world.close()


def test_a_line_knows_how_quickly_it_moves() -> None:
    """Ten places a second let ten times the patience in, whatever was before the last seconds."""
    lane, loop = Lane(LARGE), asyncio.new_event_loop()
    now = 100.0
    for _ in range(40):
        lane.join(loop.create_future(), now, 1)
    for step in range(1, 31):
        now = 100.0 + step / 10
        lane.move()
        lane.moved_at = now
        lane.look(now)
    loop.close()

    assert lane.waiting_cost == 10
    assert not lane.is_hopeless(now)
    lane.waiting_cost = round(BURST_SECONDS * 10 * 1.2)
    assert lane.is_hopeless(now)
    lane.waiting_cost = round(BURST_SECONDS * 10 * 0.8)
    assert not lane.is_hopeless(now)
    lane.refused_at = now
    assert lane.is_hopeless(now)
    lane.waiting_cost = round(STEADY_SECONDS * 10 * 0.8)
    assert not lane.is_hopeless(now)


@pytest.mark.parametrize("others", [[], ["small"]])
async def test_those_that_are_larger_than_their_places_are_not_hopeless(others: list[str]) -> None:
    """What a request may take at most says nothing of how quickly the line moves: all come to their turn."""
    world = World(places=6, most_under_way=128)
    await world.come(SMALL, *others)
    await world.come(LARGE, *numbers(3), cost=3_000)
    for _ in range(4):
        world.time += 0.1
        world.fair._sweep()
    await world.come(LARGE, "last", cost=3_000)
    for name in numbers(3):
        await world.end(name)

    assert world.under_way == [*others, "last"]
    await world.close()


async def test_who_fits_goes_when_one_that_does_not_has_left_the_line() -> None:
    """Nobody waits for room that there is, though nothing of what is under way ends."""
    world = World(places=2, most_under_way=10)
    await world.come(LARGE, *numbers(3), cost=4)
    await world.come(LARGE, "small")
    world.leave["large-2"]()
    world.fair._sweep()
    await settled()

    assert world.under_way == ["large-0", "large-1", "small"]
    await world.close()


async def test_who_fits_goes_when_one_that_does_not_has_stood_for_too_long() -> None:
    """Also where it has stood as long: it had no turn before."""
    world = World(places=2, most_under_way=10)
    await world.come(LARGE, *numbers(3), cost=4)
    await world.come(LARGE, "small")
    world.time += BURST_SECONDS
    world.fair._sweep()
    await settled()

    assert world.under_way == ["large-0", "large-1", "small"]
    with pytest.raises(CrowdedError):
        await world.tasks["large-2"]
    await world.close()


async def test_a_line_of_which_nothing_is_known_refuses_nobody() -> None:
    """Until it was looked at: a burst may come in one moment."""
    world = World(places=1, most_under_way=1)
    await world.come(LARGE, *numbers(90))

    assert world.fair.in_line == 89
    await world.close()


async def test_small_bodies_need_no_room_and_large_ones_wait_for_it() -> None:
    """What a process holds of large bodies has an end; each organization has some of it."""
    rooms = Fair(places=2, most_under_way=4, fewest_under_way=4)
    with BodyRoom(rooms, LARGE) as room, BodyRoom(rooms, LARGE) as second:
        await room.take(SMALL_BODY)
        assert rooms.under_way == 0
        await room.take(2 * SMALL_BODY)
        await room.take(2 * SMALL_BODY)
        await second.take(SMALL_BODY + 1)
        assert rooms.under_way == 4
        with BodyRoom(rooms, LARGE) as third, BodyRoom(rooms, None) as anybody:
            waiting = asyncio.create_task(third.take(SMALL_BODY + 1))
            await asyncio.wait_for(anybody.take(1_000 * SMALL_BODY), 60)
            assert not waiting.done()
            second.__exit__(None, None, None)
            room.__exit__(None, None, None)
            await asyncio.wait_for(waiting, 60)

    assert (rooms.under_way, rooms.in_line) == (0, 0)


async def test_the_room_of_a_process_stays_as_it_is_when_it_is_late() -> None:
    """A process that has just read a large body takes the next one."""
    rooms = body_rooms()
    before = rooms._allowed_under_way
    rooms._adapt(10.0)

    assert rooms._allowed_under_way == before == 1_024


async def test_others_have_their_turn_while_much_is_done() -> None:
    """Each hundred is one turn: what can go on goes on in between, and the order stays."""
    turns = 0

    async def another() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    beside = asyncio.create_task(another())
    made = await each_of(range(10 * MANY), lambda number: number + 1)
    beside.cancel()

    assert made == [*range(1, 10 * MANY + 1)]
    assert turns >= 8
    assert await each_of([], str) == []
    assert await each_of(range(MANY), str) == [*map(str, range(MANY))]
