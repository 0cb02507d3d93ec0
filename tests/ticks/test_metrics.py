"""The timer that tells the cloud how the service stands."""

import asyncio
import json
import subprocess
import sys
import uuid
from contextlib import closing
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from functions.ticks.metrics import run_once as tick
from shared.core import Core
from shared.edge import Tick
from shared.edge.cloud_metrics import METRICS
from shared.settings import Settings
from tests.support.api import Tenant
from tests.support.clock import MovingClock
from tests.support.until import until

BUDGET = 10.0


@pytest.fixture
def settings(settings: Settings, own_url: str) -> Settings:
    """A count takes what all tests of a database finished, and looks into each of their organizations."""
    return settings.model_copy(update={"database_url": own_url})


@pytest.fixture
def in_lambda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "spooled-test-ticks-metrics")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "spooled-test")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Spooled")


@pytest.mark.usefixtures("in_lambda")
async def test_a_queue_that_was_not_there_when_all_was_counted_has_its_line(
    org: Tenant, core: Core, clock: MovingClock, capsys: pytest.CaptureFixture[str]
) -> None:
    """How all stands is counted seldom, and what ended meanwhile is told all the same, in whatever queue."""
    more = replace(core, settings=core.settings.model_copy(update={"metrics_queues": 10_000}))
    await tick.run_once(more, clock(), BUDGET)
    queue = f"new-{uuid.uuid4().hex[:8]}"
    job = await org.push(queue)
    await org.dequeue(queue)
    await org.post(f"/jobs/{job['id']}/complete", {"worker_id": "w1"})

    async def is_told() -> bool:
        await tick.run_once(more, clock(), BUDGET)
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        return any(line.get("queue") == queue and "WaitSeconds" in line for line in lines)

    await until(is_told)


@pytest.mark.usefixtures("in_lambda")
async def test_each_job_that_ends_is_in_one_line(
    org: Tenant, core: Core, clock: MovingClock, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of the service and of its queue: how many ended, and how long 95 % of them waited and ran."""
    more = replace(core, settings=core.settings.model_copy(update={"metrics_queues": 10_000}))
    queue = f"told-{uuid.uuid4().hex[:8]}"
    jobs = [await org.push(queue) for _ in range(2)]
    clock.advance(seconds=7)
    for _ in jobs:
        await org.dequeue(queue)
    clock.advance(seconds=2)
    await org.post("/jobs/complete", {"worker_id": "w1", "jobs": [{"id": job["id"]} for job in jobs]})
    lines: list[dict[str, Any]] = []

    async def is_told() -> bool:
        await tick.run_once(more, clock(), BUDGET)
        lines.extend(json.loads(line) for line in capsys.readouterr().out.splitlines())
        return any(line.get("queue") == queue and "WaitSeconds" in line for line in lines)

    await until(is_told)
    await tick.run_once(more, clock(), BUDGET)
    again = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (of_queue,) = [line for line in lines if line.get("queue") == queue and "WaitSeconds" in line]

    assert sum(line["CompletedJobs"][0] for line in lines if "CompletedJobs" in line) >= 2
    assert 5 < of_queue["WaitSeconds"][0] <= 10
    assert [line for line in again if line.get("queue") == queue] == []


@pytest.mark.usefixtures("in_lambda")
async def test_the_figures_are_one_line_that_cloudwatch_reads(
    org: Tenant, core: Core, clock: MovingClock, capsys: pytest.CaptureFixture[str]
) -> None:
    """Metrics with their units and one dimension, no organization; they follow the jobs."""

    async def written() -> dict[str, Any]:
        clock.advance(minutes=1)
        counts = await tick.run_once(core, clock(), BUDGET)
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        told = [metric for line in lines for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]]
        assert counts["written"] == len(told)
        return dict(lines[0])

    before = await written()
    await org.bury("reports")
    await org.push()
    await org.push()
    await org.dequeue(lease_duration_secs=600)
    after = await written()

    [directive] = after["_aws"]["CloudWatchMetrics"]
    assert (directive["Namespace"], directive["Dimensions"]) == ("Spooled", [["service"]])
    units = {metric["Name"]: metric["Unit"] for metric in directive["Metrics"]}
    assert units == {name: unit for name, unit in METRICS.items() if name in after}
    assert METRICS.keys() - after.keys() <= {"WaitSeconds", "RunSeconds"}
    assert after["service"] == "spooled-test"
    assert set(after) == {"_aws", "service", *(metric["Name"] for metric in directive["Metrics"])}
    change = {
        name: after[name][0] - before[name][0] for name in ("PendingJobs", "RunningJobs", "DeadLetters")
    }
    assert change == {"PendingJobs": 1, "RunningJobs": 1, "DeadLetters": 1}
    assert after["OldestPendingSeconds"][0] >= 60


async def test_on_one_machine_nothing_is_written(
    core: Core, clock: MovingClock, capsys: pytest.CaptureFixture[str]
) -> None:
    """Outside Lambda the figures are at `/metrics`, and no log has them."""
    assert (await tick.run_once(core, clock(), BUDGET))["written"] == 0
    assert capsys.readouterr().out == ""


def test_no_other_function_imports_the_library() -> None:
    """It takes a tenth of a second to import, which no other cold start pays for, nor this one elsewhere."""
    look = (
        "import sys; from functions.app import every_function; every_function();"
        " sys.exit('aws_lambda_powertools' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", look], check=False).returncode == 0


def test_one_start_is_one_run(core: Core) -> None:
    """A timer with nothing to look for in between ends at once, in place of running until the next start."""
    runs = []

    async def run_once(_core: Core, _now: object, _budget: float) -> dict[str, int]:
        runs.append(1)
        return {"runs": 1}

    context = SimpleNamespace(get_remaining_time_in_millis=lambda: 60_000)
    with closing(asyncio.new_event_loop()) as loop:
        found = Tick("once", 60, run_once, once=True, _core=core, _loop=loop)
        counts = found.handler({}, context)

    assert (counts, found.pause_seconds, len(runs)) == ({"runs": 1}, 60, 1)
    assert tick.pause_seconds == 15
