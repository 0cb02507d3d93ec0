"""Every minute: what became of jobs is counted, and in the cloud becomes metrics that alarms watch."""

from datetime import datetime

from shared.beats import read_beats
from shared.core import Core
from shared.edge import every
from shared.edge.cloud_metrics import is_wanted, write_metrics
from shared.edge.tick import Counts
from shared.metrics.finished import count_finished
from shared.metrics.gauges import read_gauges


@every(60, once=True, pause=15)
async def run_once(core: Core, now: datetime, budget_seconds: float) -> Counts:
    """Count each finished job once; in the cloud write how all stands, and which timers stand still.

    Of all organizations, as figures.
    """
    finished = await count_finished(core, budget_seconds)
    counts = {"finished": sum(queue.outcomes.total() for queue in finished.values()), "written": 0}
    if is_wanted() and (gauges := await read_gauges(core, now)):
        counts["written"] = write_metrics(gauges, finished, await read_beats(core), now)
    return counts


handler = run_once.handler
