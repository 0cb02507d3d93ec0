"""Schedules start their functions at their pace, whatever becomes of a run."""

import asyncio
import heapq
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from localstack.cloud.deployed import DeployedSchedule
from localstack.cloud.scheduler import ScheduleError, period_of, run_schedules
from localstack.lambdas.model import Invocation, Invoke, TooManyRequestsError


def schedule(name: str, expression: str = "rate(1 minutes)") -> DeployedSchedule:
    return DeployedSchedule(name, expression, f"function-{name}", f'{{"of": "{name}"}}')


class Time:
    """A clock that jumps to the next moment for which somebody waits."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._waiting: list[tuple[float, int, asyncio.Event]] = []

    async def sleep(self, seconds: float) -> None:
        assert seconds > 0
        woken = asyncio.Event()
        heapq.heappush(self._waiting, (self.now + seconds, id(woken), woken))
        await woken.wait()

    async def pass_to(self, moment: float) -> None:
        """Let everything happen that happens until then."""
        await settled()
        while self._waiting and self._waiting[0][0] <= 1000.0 + moment:
            self.now, _, woken = heapq.heappop(self._waiting)
            woken.set()
            await settled()
        self.now = 1000.0 + moment


async def settled() -> None:
    """Until all that can go on has done so."""
    for _ in range(10):
        await asyncio.sleep(0)


@asynccontextmanager
async def running(invoke: Invoke, *schedules: DeployedSchedule) -> AsyncIterator[Time]:
    time = Time()
    task = asyncio.create_task(run_schedules(schedules, invoke, sleep=time.sleep, clock=lambda: time.now))
    yield time
    assert not task.done()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


class Started:
    """Keeps what was started and when."""

    def __init__(self) -> None:
        self.payloads: list[tuple[str, bytes]] = []

    async def __call__(self, name: str, payload: bytes) -> Invocation:
        self.payloads.append((name, payload))
        return Invocation(b"{}")

    def of(self, name: str) -> int:
        return [function for function, _ in self.payloads].count(f"function-{name}")


async def test_each_starts_at_once_and_in_each_of_its_periods() -> None:
    """The function has the schedule's own payload, and two paces do not disturb one another."""
    started = Started()
    async with running(started, schedule("a"), schedule("b", "rate(5 minutes)")) as time:
        await time.pass_to(0)
        first = list(started.payloads)
        await time.pass_to(599)

    assert first == [("function-a", b'{"of": "a"}'), ("function-b", b'{"of": "b"}')]
    assert (started.of("a"), started.of("b")) == (10, 2)


async def test_a_run_that_goes_on_holds_up_nobody() -> None:
    """Neither its own next start nor another schedule waits for it, and the end of all ends it too."""
    started, ended = Started(), []

    async def invoke(name: str, payload: bytes) -> Invocation:
        await started(name, payload)
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(name)
        raise AssertionError

    async with running(invoke, schedule("a"), schedule("b")) as time:
        await time.pass_to(121)

    assert (started.of("a"), started.of("b")) == (3, 3)
    assert len(ended) == 6


async def test_what_fails_is_logged_and_started_again(caplog: pytest.LogCaptureFixture) -> None:
    """A function's error, a refused start and a broken emulator stop no schedule."""
    caplog.set_level("INFO")
    started = Started()

    async def invoke(name: str, payload: bytes) -> Invocation:
        await started(name, payload)
        if name == "function-throttled":
            raise TooManyRequestsError("the last run goes on")
        if name == "function-away":
            raise OSError("no process")
        return Invocation(b'{"errorMessage": "the database is away"}', failed=True)

    async with running(invoke, schedule("a"), schedule("throttled"), schedule("away")) as time:
        await time.pass_to(61)

    assert (started.of("a"), started.of("throttled"), started.of("away")) == (2, 2, 2)
    assert "the database is away" in caplog.text
    assert "function-throttled is not started: the last run goes on" in caplog.text
    assert "OSError: no process" in caplog.text


async def test_what_a_machine_slept_through_is_not_made_up_for() -> None:
    """After a long pause there is one start, and then the old pace."""
    started = Started()
    async with running(started, schedule("a")) as time:
        await time.pass_to(0)
        time._waiting[0] = (1000.0 + 615, *time._waiting[0][1:])
        await time.pass_to(659)
        late = started.of("a")
        await time.pass_to(660)

    assert (late, started.of("a")) == (2, 3)


@pytest.mark.parametrize(
    ("expression", "seconds"),
    [("rate(1 minute)", 60), ("rate(1 minutes)", 60), ("rate(90 minutes)", 5400), ("rate(2 hours)", 7200)],
)
def test_a_rate_has_a_period(expression: str, seconds: int) -> None:
    """Scheduler takes singular and plural for any number."""
    assert period_of(schedule("a", expression)).total_seconds() == seconds


@pytest.mark.parametrize(
    "expression",
    ["rate(0 minutes)", "rate(5)", "rate(5 seconds)", "cron(0 * * * ? *)", "at(2026-01-01T00:00:00)", ""],
)
async def test_another_expression_is_refused_before_anything_starts(expression: str) -> None:
    """The error names the schedule, what it says and what could stand there."""
    started = Started()
    with pytest.raises(ScheduleError, match=r"Schedule b: .*rate\(1 minutes\)"):
        await run_schedules([schedule("a"), schedule("b", expression)], started)

    assert started.payloads == []
