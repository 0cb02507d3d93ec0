"""One job's life in a process: made, claimed and completed, each step timed."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import median, quantiles
from time import perf_counter

from shared import ids
from shared.core import Core
from shared.jobs.claim import Claim
from shared.jobs.claim_wait import claim_jobs
from shared.jobs.enqueue import NewJob
from shared.jobs.enqueue_one import enqueue_job
from shared.jobs.refusal import Hold
from shared.jobs.settle import Completion
from shared.jobs.settle_one import complete_job
from shared.tenants.caller import Caller

STEPS = ("enqueue", "claim", "complete")


@dataclass(slots=True)
class Times:
    """Milliseconds of each step."""

    taken: dict[str, list[float]] = field(default_factory=lambda: {step: [] for step in STEPS})

    def p95(self, step: str) -> float:
        """The time that 95 of 100 did not exceed."""
        return quantiles(self.taken[step], n=20)[-1]

    def median(self, step: str) -> float:
        """The time of the one in the middle."""
        return median(self.taken[step])


async def live(core: Core, org_id: int, queue: str, payload: str, times: Times) -> None:
    """Make a job, claim what comes first in the queue, and complete it."""
    caller = Caller(org_id=org_id, key_id=1)
    start = perf_counter()
    await enqueue_job(core, caller, NewJob(queue, payload), datetime.now(UTC))
    made = perf_counter()
    (job,) = await claim_jobs(core, caller, Claim(queue, "bench", wait_seconds=5))
    claimed = perf_counter()
    hold = Hold(ids.decode("job", job["id"]), ids.decode("lease", job["lease_id"]))
    outcome = await complete_job(core, caller, "bench", Completion(hold, '{"done": true}'), datetime.now(UTC))
    outcome.row_or_raise()
    ends = made, claimed, perf_counter()
    for step, begin, end in zip(STEPS, (start, made, claimed), ends, strict=True):
        times.taken[step].append(1000 * (end - begin))
