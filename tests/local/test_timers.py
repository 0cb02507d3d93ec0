"""The timers of one machine go on whatever one of them meets."""

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, cast

import pytest

from localstack.timers import run_timers
from shared.core import Core
from shared.edge.tick import Counts, Tick
from shared.events.wakeups import Wakeups
from shared.settings import Settings
from tests.support.plans import RecordingStore

if TYPE_CHECKING:
    from shared.store import Store


async def test_a_fault_stops_no_timer(caplog: pytest.LogCaptureFixture) -> None:
    """One that fails is logged and runs again, and the others do not notice."""
    instant = datetime.fromisoformat("2026-03-01T12:00:00+00:00")
    runs: list[tuple[str, datetime]] = []
    enough = asyncio.Event()

    async def steady(_core: Core, now: datetime, _budget: float) -> Counts:
        runs.append(("steady", now))
        return {}

    async def faulty(_core: Core, now: datetime, _budget: float) -> Counts:
        runs.append(("faulty", now))
        if len(runs) > 4:
            enough.set()
        raise RuntimeError("the database is away")

    core = Core(
        Settings(spooled_env="development"), cast("Store", RecordingStore()), Wakeups(), lambda: instant
    )
    timers = asyncio.create_task(run_timers(core, [Tick("a", 60, steady), Tick("b", 60, faulty)], 0.0))
    await asyncio.wait_for(enough.wait(), 10)
    timers.cancel()

    assert {("steady", instant), ("faulty", instant)} == set(runs)
    assert [name for name, _ in runs].count("faulty") > 1
    assert "timer b" in caplog.text
