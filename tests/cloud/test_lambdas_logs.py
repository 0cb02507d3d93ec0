"""What a function writes, and what the platform says about it, stands in the log of its group."""

import json

from tests.support.lambdas import Workshop, call

TALKING = """
import logging
import sys

logger = logging.getLogger("own")
print("loading")


def handler(event, context):
    logger.debug("too much")
    logger.info("invoked")
    print("to the error stream", file=sys.stderr)
    sys.stdout.write("ünfinished")
    return context.aws_request_id
"""


async def test_log_of_an_invocation(workshop: Workshop) -> None:
    """Lines stand in the order of Lambda: loading, START, the function's own with its request id, REPORT."""
    function = workshop.function(TALKING, memory_mb=128)
    async with workshop.running(function) as lambdas:
        request_id = await call(lambdas)
        lines = workshop.log(function)

    kinds = [json.loads(line).get("type") if line.startswith("{") else line for line in lines]
    assert kinds == [
        "platform.initStart",
        "loading",
        "platform.initReport",
        "platform.start",
        None,
        "to the error stream",
        "platform.report",
    ]
    own = json.loads(lines[4])
    assert (own["message"], own["level"], own["requestId"]) == ("invoked", "INFO", request_id)
    assert workshop.log(function)[-1] == "ünfinished"


async def test_report(workshop: Workshop) -> None:
    """The report has the figures of the bill: duration, the first one's loading, and memory."""
    function = workshop.function(TALKING, memory_mb=128)
    async with workshop.running(function) as lambdas:
        await call(lambdas)
        await call(lambdas)

    first, second = (report["metrics"] for report in workshop.platform(function, "report"))
    assert first["memorySizeMB"] == 128
    assert 0 < first["maxMemoryUsedMB"] < 128
    assert first["billedDurationMs"] >= first["initDurationMs"] + first["durationMs"]
    assert "initDurationMs" not in second
    assert second["durationMs"] <= second["billedDurationMs"] < second["durationMs"] + 1
