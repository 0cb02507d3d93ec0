"""What clients know when they act, and the calls that their acts become."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from tests.model.drawing import Place
from tests.model.world import World

Request = tuple[str, str, Any]
T = TypeVar("T")
UNKNOWN_JOB = "job_0000000000001"
UNKNOWN_WORKFLOW = "wf_0000000000001"


class Hold(NamedTuple):
    """A lease that was once given."""

    job_id: str
    lease: str
    worker: str


@dataclass
class Known:
    """What clients know: the jobs and the leases they were told of, also those that are no more.

    number: of acts, which marks what each makes.
    """

    world: World
    number: int = 0
    jobs: list[str] = field(default_factory=list)
    workflows: list[str] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)

    def job(self, place: Place, *states: str, but: str = "") -> str:
        """One of the latest jobs; an apt one is in one of the states, when there is any, and not `but`."""
        apt = [
            job_id
            for job_id in self.jobs
            if job_id in self.world.jobs and self.world.jobs[job_id].state in states and job_id != but
        ]
        return _latest(apt if place.apt and apt else self.jobs, place, UNKNOWN_JOB)

    def workflow(self, place: Place, *states: str) -> str:
        """One of the latest workflows; an apt one is in one of the states, when there is any."""
        apt = [name for name in self.workflows if self.world.workflows[name].status in states]
        return _latest(apt if place.apt and apt else self.workflows, place, UNKNOWN_WORKFLOW)

    def hold(self, place: Place) -> Hold:
        """One of the latest leases; an apt one is still the job's, when there is any."""
        apt = [hold for hold in self.holds if self.world.holds(hold.job_id, hold.lease)]
        return _latest(apt if place.apt and apt else self.holds, place, Hold(UNKNOWN_JOB, "lease_none", "w"))


def _latest(known: Sequence[T], place: Place, otherwise: T) -> T:
    return known[-1 - place.back % len(known)] if known else otherwise


class Call(NamedTuple):
    """An act that knows its jobs: of which the model is asked, and the request that the service gets.

    touches: the jobs that it names, and the steps of the workflow that it names.
    at_once: others act in the same instant.
    """

    act: str
    given: dict[str, Any]
    request: Request | None = None
    touches: tuple[str, ...] = ()
    at_once: bool = False
