"""Every minute: how the service stands becomes metrics of the cloud, which its alarms watch."""

from datetime import datetime

from shared.core import Core
from shared.edge import every
from shared.edge.cloud_metrics import write_metrics
from shared.edge.tick import Counts
from shared.metrics import read_gauges


@every(60, once=True)
async def run_once(core: Core, now: datetime, budget_seconds: float) -> Counts:  # noqa: ARG001 - one statement
    """Write how long the oldest job waits, and how many wait, run and are given up, of all organizations."""
    gauges = await read_gauges(core, now)
    return {"written": 0 if gauges is None else write_metrics(gauges)}


handler = run_once.handler
