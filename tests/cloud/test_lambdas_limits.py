"""Who takes too long or too much is ended as Lambda ends it."""

import pytest

from tests.support.lambdas import Workshop, call, fault, lives
from tests.support.until import until

SLOW = """
import os
import time


def handler(event, _):
    if event:
        print("pid", os.getpid(), flush=True)
        time.sleep(60)
    return os.getpid()
"""
HUNGRY = """
import os
import time


def handler(event, _):
    held = bytearray(event * 1024 * 1024)
    held[:: 4096] = b"x" * len(held[:: 4096])
    {then}
    return os.getpid()
"""
LATE = """
import os
import time
from pathlib import Path

seen = Path(__file__).with_name("seen")
if not seen.exists() or {always}:
    seen.touch()
    time.sleep(60)


def handler(event, context):
    return context.get_remaining_time_in_millis()
"""


async def test_time_limit(workshop: Workshop) -> None:
    """A function over its time is killed with what it holds, and its caller reads how long it had."""
    function = workshop.function(SLOW, timeout_seconds=1)
    async with workshop.running(function) as lambdas:
        error = await fault(lambdas, event=1)
        pid = next(int(line.split()[1]) for line in workshop.log(function) if line.startswith("pid"))
        report = workshop.platform(function, "report")[0]

        async def gone() -> bool:
            return not lives(pid)

        await until(gone)
        assert error == {
            "errorType": "Sandbox.Timedout",
            "errorMessage": f"RequestId: {report['requestId']} Error: Task timed out after 1.00 seconds",
        }
        assert report["status"] == "timeout"
        assert await call(lambdas) != pid


@pytest.mark.parametrize("then", ["time.sleep(60)", "del held"], ids=["held", "given-back"])
async def test_memory_limit(workshop: Workshop, then: str) -> None:
    """A function over its memory is ended, though it had it only for a moment; one below it is not."""
    function = workshop.function(HUNGRY.format(then="del held"), name="frugal", memory_mb=128)
    greedy = workshop.function(HUNGRY.format(then=then), memory_mb=128)
    async with workshop.running(function, greedy) as lambdas:
        assert await call(lambdas, "frugal", event=64)
        error = await fault(lambdas, event=200)

    assert error["errorType"] == "Runtime.OutOfMemory"
    assert error["errorMessage"].endswith(" Error: Runtime exited with error: signal: killed")
    assert workshop.platform(greedy, "report")[0]["metrics"]["maxMemoryUsedMB"] > 128


async def test_slow_load_is_tried_again(workshop: Workshop) -> None:
    """What has not loaded in the time for it is loaded anew, in the time of the function itself."""
    function = workshop.function(LATE.format(always=False), timeout_seconds=10)
    async with workshop.running(function, init_seconds=0.3) as lambdas:
        left = await call(lambdas)

    assert left < 10_000
    assert [report["status"] for report in workshop.platform(function, "initReport")] == [
        "timeout",
        "success",
    ]


async def test_load_without_end(workshop: Workshop) -> None:
    """A function that never loads has timed out."""
    function = workshop.function(LATE.format(always=True), timeout_seconds=1)
    async with workshop.running(function, init_seconds=0.3) as lambdas:
        error = await fault(lambdas)

    assert error["errorType"] == "Sandbox.Timedout"
