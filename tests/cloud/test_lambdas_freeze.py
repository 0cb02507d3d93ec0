"""Between invocations nothing of a function runs, as in Lambda."""

import asyncio
import sys

import pytest

from tests.support.lambdas import Workshop, call, state
from tests.support.until import until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads the state of a process from /proc")

TICKING = """
import os
import threading
import time

ticks = 0


def tick():
    global ticks
    while True:
        ticks += 1
        time.sleep(0.001)


threading.Thread(target=tick, daemon=True).start()


def handler(event, _):
    time.sleep(event or 0)
    return [os.getpid(), ticks]
"""


async def test_frozen_between_invocations(workshop: Workshop) -> None:
    """A background thread goes on during an invocation and stands still between two."""
    async with workshop.running(workshop.function(TICKING)) as lambdas:
        pid, before = await call(lambdas)
        _, during = await call(lambdas, event=0.1)
        assert during - before > 10

        async def stopped() -> bool:
            return state(pid) == "T"

        await until(stopped)
        loop = asyncio.get_running_loop()
        asleep_until = loop.time() + 0.3

        async def slept() -> bool:
            return loop.time() > asleep_until

        await until(slept)
        _, after = await call(lambdas)

    # The time it took to answer, not the time it slept: 0.3 s would be up to 300.
    assert after - during < 20


async def test_freeze_can_be_switched_off(workshop: Workshop) -> None:
    """Who wants to debug a function may let it run between invocations."""
    async with workshop.running(workshop.function(TICKING), freeze=False) as lambdas:
        pid, before = await call(lambdas)
        assert state(pid) != "T"

        async def goes_on() -> bool:
            return (await call(lambdas))[1] > before + 50

        await until(goes_on)
