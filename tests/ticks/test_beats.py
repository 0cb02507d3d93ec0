"""Timers prove themselves: each run leaves a heartbeat, and one that falls silent is named."""

from datetime import datetime

import pytest

from shared.beats import Beat, read_beats
from shared.core import Core
from shared.edge import Tick
from shared.edge.tick import Counts
from tests.support.api import Api
from tests.support.clock import MovingClock

BUDGET = 10.0


async def nothing(_core: Core, _now: datetime, _budget: float) -> Counts:
    return {"done": 1}


async def broken(_core: Core, _now: datetime, _budget: float) -> Counts:
    raise RuntimeError("a poisoned row")


pytestmark = pytest.mark.usefixtures("no_timers")


async def the_beat(core: Core) -> Beat:
    (beat,) = await read_beats(core)
    return beat


async def test_a_run_leaves_when_it_began_and_ended(core: Core, clock: MovingClock) -> None:
    """The name, the period, the two instants and no error."""

    async def slow(_core: Core, _now: datetime, _budget: float) -> Counts:
        clock.advance(seconds=7)
        return {"done": 3}

    before = clock()
    assert await Tick("slow", 60, slow).run(core, BUDGET) == {"done": 3}

    beat = await the_beat(core)
    assert (beat.name, beat.every_seconds, beat.error) == ("slow", 60, None)
    assert before <= beat.begun_at < beat.ended_at == beat.succeeded_at
    assert 7 <= beat.run_seconds < 10


async def test_a_run_that_fails_leaves_its_error_and_no_success(core: Core, clock: MovingClock) -> None:
    """What it raised goes on to who runs it; the next that succeeds takes the error away."""
    good = Tick("one", 60, nothing)
    await good.run(core, BUDGET)
    succeeded_at = (await the_beat(core)).succeeded_at
    clock.advance(seconds=60)
    with pytest.raises(RuntimeError):
        await Tick("one", 60, broken).run(core, BUDGET)

    failed = await the_beat(core)
    assert (failed.error, failed.succeeded_at) == ("RuntimeError: a poisoned row", succeeded_at)
    assert failed.ended_at > succeeded_at
    clock.advance(seconds=60)
    await good.run(core, BUDGET)
    assert (await the_beat(core)).error is None


async def test_runs_of_every_second_are_noted_four_times_a_period(core: Core, clock: MovingClock) -> None:
    """While all is well a heartbeat is written each quarter of a period; a failure at once."""
    tick = Tick("often", 60, nothing)
    noted = set()
    for _ in range(60):
        await tick.run(core, BUDGET)
        noted.add((await the_beat(core)).ended_at)
        clock.advance(seconds=1)
    tick.run_once = broken
    with pytest.raises(RuntimeError):
        await tick.run(core, BUDGET)

    assert len(noted) in {4, 5}
    assert (await the_beat(core)).error is not None


async def test_health_names_a_timer_that_is_silent_for_three_periods(
    core: Core, clock: MovingClock, api: Api
) -> None:
    """Nobody is missed who never ran; three periods after the last success it is, and a success ends that."""
    new = await api.get("/health")
    tick = Tick("leases", 60, nothing)
    await tick.run(core, BUDGET)
    clock.advance(seconds=165)
    late = await api.get("/health")
    clock.advance(seconds=15)
    silent = await api.get("/health")
    metrics = (await api.client.get("/metrics")).text
    await tick.run(core, BUDGET)
    again = await api.get("/health")

    assert [(told["status"], told["silent_timers"]) for told in (new, late, silent, again)] == [
        ("healthy", []),
        ("healthy", []),
        ("degraded", ["leases"]),
        ("healthy", []),
    ]
    assert (silent["database"], silent["cache"]) == (True, True)
    assert 'spooled_timer_silence_periods{timer="leases"} 3.0' in metrics
    assert 'spooled_timer_run_seconds{timer="leases"} ' in metrics


async def test_a_timer_that_runs_and_always_fails_is_silent_too(
    core: Core, clock: MovingClock, api: Api
) -> None:
    """It has three periods from its first try; that it is started again and again does not help it."""
    tick = Tick("rollups", 60, broken)
    seen = []
    for _ in range(4):
        with pytest.raises(RuntimeError):
            await tick.run(core, BUDGET)
        seen.append((await api.get("/health"))["silent_timers"])
        clock.advance(seconds=61)

    assert seen == [[], [], [], ["rollups"]]


async def test_of_two_processes_the_later_run_stands(core: Core, clock: MovingClock) -> None:
    """A run that ended earlier and is noted later takes nothing back."""
    clock.advance(seconds=60)
    await Tick("one", 60, nothing).run(core, BUDGET)
    later = await the_beat(core)
    clock.advance(seconds=-30)
    with pytest.raises(RuntimeError):
        await Tick("one", 60, broken).run(core, BUDGET)

    assert await the_beat(core) == later


async def test_a_heartbeat_that_cannot_be_written_stops_no_run(
    core: Core, caplog: pytest.LogCaptureFixture
) -> None:
    """What the run did stands; the log says that nobody will see it."""
    await core.store.close()

    assert await Tick("one", 60, nothing).run(core, BUDGET) == {"done": 1}
    assert "tick one: its heartbeat could not be written" in caplog.text
