"""EventBridge Scheduler on one machine: starts functions at a fixed rate, and never waits for one.

As in the cloud each start is an asynchronous invocation: a run that still goes on does not hold up the next
start, and Lambda refuses that one where the function may run only once at a time. Scheduler would try again;
here the refused start is let go, since the run that made it needless is the one that goes on.
"""

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from localstack.cloud.deployed import DeployedSchedule
from localstack.lambdas.model import Invoke, TooManyRequestsError

logger = logging.getLogger("spooled.scheduler")
_RATE = re.compile(r"rate\(\s*([1-9][0-9]{0,5})\s+(minute|hour|day)s?\s*\)")
Sleep = Callable[[float], Awaitable[None]]


class ScheduleError(Exception):
    """A schedule's expression is none that can be run here."""


def period_of(schedule: DeployedSchedule) -> timedelta:
    """The time between two starts. Raises ScheduleError for anything but a rate."""
    rate = _RATE.fullmatch(schedule.expression)
    if rate is None:
        raise ScheduleError(
            f"Schedule {schedule.name}: {schedule.expression!r} cannot be run here; "
            "write rate(1 minutes), with minutes, hours or days."
        )
    return timedelta(**{f"{rate[2]}s": int(rate[1])})


async def run_schedules(
    schedules: Sequence[DeployedSchedule],
    invoke: Invoke,
    *,
    sleep: Sleep = asyncio.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Start each schedule's function now and once in each of its periods, until cancelled.

    Raises ScheduleError, before anything is started, when one of them cannot be run.
    """
    timed = [(schedule, period_of(schedule).total_seconds()) for schedule in schedules]
    async with asyncio.TaskGroup() as group:

        async def start_again_and_again(schedule: DeployedSchedule, period: float) -> None:
            began, starts = clock(), 0
            while True:
                group.create_task(_start(schedule, invoke))
                # Counted from the first start, so that the pace holds; what a machine slept through is lost.
                elapsed = clock() - began
                starts = max(starts, int(elapsed // period)) + 1
                await sleep(starts * period - elapsed)

        for schedule, period in timed:
            group.create_task(start_again_and_again(schedule, period))


async def _start(schedule: DeployedSchedule, invoke: Invoke) -> None:
    if schedule.refused:
        logger.error("schedule %s: %s", schedule.name, schedule.refused)
        return
    try:
        outcome = await invoke(schedule.function, schedule.payload.encode())
    except TooManyRequestsError as error:
        logger.info("schedule %s: %s is not started: %s", schedule.name, schedule.function, error)
    except Exception:
        logger.exception("schedule %s: %s cannot be invoked", schedule.name, schedule.function)
    else:
        if outcome.failed:
            told = outcome.payload.decode(errors="replace")
            logger.error("schedule %s: %s failed: %s", schedule.name, schedule.function, told)
