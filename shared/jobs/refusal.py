"""Holding a job and losing it: what a settle compares, and why it was refused."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from shared import ids
from shared.core import Core
from shared.errors import ConflictError, LeaseExpiredError, OtherWorkerError, SpooledError
from shared.give_way import MANY, give_way
from shared.jobs.children import wake_others
from shared.jobs.model import SETTLED_STATES
from shared.jobs.read import JobNotFoundError
from shared.store import Row, Statement, given, load_queries
from shared.tenants.caller import Caller

QUERIES = load_queries(__file__)

HELD = QUERIES["held"].sql
"""The fence of every settle, as a fragment of its query: what is given must be the job's."""

LOG = QUERIES["log"].sql
"""A job's log with room for one more entry."""


class Hold(NamedTuple):
    """A job that a worker says it holds; `lease_id` None is not compared."""

    job_id: int
    lease_id: int | None = None

    @property
    def hold(self) -> "Hold":
        return self


class Holding(Protocol):
    """Anything that is about a job that a worker says it holds."""

    @property
    def hold(self) -> Hold: ...


Held = TypeVar("Held", bound=Holding)


class Said(NamedTuple, Generic[Held]):
    """What a worker said of a job that it holds, and when; `worker_id` None is not compared."""

    item: Held
    worker_id: str | None
    at: datetime

    @property
    def hold(self) -> Hold:
        return self.item.hold


class Outcome(NamedTuple):
    """What became of one job of a batch: its new row, or why nothing was changed."""

    job_id: int
    row: Row | None = None
    refused: SpooledError | None = None

    def row_or_raise(self) -> Row:
        if self.refused is not None:
            raise self.refused
        assert self.row is not None
        return self.row


@dataclass(frozen=True, slots=True)
class Settling:
    """A change of jobs that workers hold, ready to run: what was said, and the statement that does it.

    `failures`: each changed job is a failed attempt.
    """

    said: Sequence[Said[Any]]
    statement: Statement
    failures: bool = False


class RepeatedJobError(ConflictError):
    """The job stands twice in this batch: only its first entry counts"""


def first_of_each(items: Sequence[Held]) -> list[Held]:
    """The items by ascending job, each job once: two batches lock what they share in the same order."""
    first = {item.hold.job_id: item for item in reversed(items)}
    return [first[job_id] for job_id in sorted(first)]


def said_by(worker_id: str | None, items: Sequence[Held], at: datetime) -> list[Said[Held]]:
    """What one worker says of several jobs."""
    return [Said(item, worker_id, at) for item in items]


def fence(caller: Caller, first: Sequence[Said[Any]]) -> dict[str, Any]:
    """The parameters of `HELD`, for what is said of each job, by ascending job."""
    worker_id, worker_ids = _once([said.worker_id for said in first])
    held_at, holders_at = _once([said.at for said in first])
    holds = [said.hold for said in first]
    return {
        "org_id": caller.org_id,
        "queues": caller.queue_filter,
        "ids": [hold.job_id for hold in holds],
        "lease_ids": given([hold.lease_id for hold in holds]),
        "worker_id": worker_id,
        "worker_ids": worker_ids,
        "held_at": held_at,
        "holders_at": holders_at,
    }


def _once(values: list[Any]) -> tuple[Any, list[Any] | None]:
    """What all have in common, or else each one's own."""
    is_one = len(values) > 0 and values.count(values[0]) == len(values)
    return (values[0], None) if is_one else (None, values)


async def settle(
    core: Core,
    caller: Caller,
    settling: Settling,
    now: datetime,
    then: Sequence[Statement] = (),
    *,
    are_shared: bool = False,
    quick: bool = False,
) -> tuple[list[Outcome], list[list[Row]]]:
    """Change the held jobs, each that is not held refused alone, and wake who waits for one given back.

    The statements of `then` run after it in the same transaction and round trip; their rows come second.
    `are_shared`: each is another request's. An error means that nothing was changed. `quick` as `fetch_each`
    of the store has it.
    """
    statements = [settling.statement, *then]
    rows, *followed = await core.store.fetch_each(caller.scope, statements, briefly=are_shared, quick=quick)
    for row in rows:
        if row["state"] == "pending":
            core.wakeups.notify(caller.org_id, row["queue"], places=[(row["priority"], row["run_at"])])
    core.in_flight.settled(caller.org_id, _let_go(settling.said, rows), now)
    wake_others(core, caller.org_id, rows)
    count_settled(core, rows, now, failures=settling.failures)
    if len(rows) > MANY:
        await give_way()
    return await _outcomes(core, caller, settling.said, rows), followed


def _let_go(all_said: Sequence[Said[Any]], rows: Sequence[Row]) -> Iterator[tuple[int, int | None]]:
    """The jobs that are held no more, each with the lease that was named. Made when it is asked for."""
    job_ids = {row["id"] for row in rows if row["state"] != "processing"}
    for said in all_said:
        hold = said.hold
        if hold.job_id in job_ids:
            yield hold.job_id, hold.lease_id


def count_settled(core: Core, rows: Sequence[Row], now: datetime, *, failures: bool) -> None:
    """Keep the tally of what was completed or failed."""
    if failures:
        for row in rows:
            core.tally.attempt_failed(dead=row["state"] == "deadletter")
        return
    started = Counter(row["started_at"] for row in rows if row["state"] == "completed")
    for started_at, jobs in started.items():
        core.tally.jobs_completed(jobs, max(0.0, (now - started_at).total_seconds()))


async def _outcomes(
    core: Core, caller: Caller, all_said: Sequence[Said[Any]], rows: Sequence[Row]
) -> list[Outcome]:
    """Match the changed rows to what was said, and find out why the others were refused."""
    changed = {row["id"]: row for row in rows}
    if len(changed) == len(all_said):  # each of them, as none is changed twice
        return [Outcome(job_id, changed[job_id]) for job_id in [said.hold.job_id for said in all_said]]
    refused = [said.hold.job_id for said in all_said if said.hold.job_id not in changed]
    states: dict[int, Row] = {}
    trouble: SpooledError | None = None
    if refused:
        try:
            states = await _states(core, caller, refused)
        except SpooledError as error:  # the others' change is committed, and they hear of it
            trouble = error
    seen: set[int] = set()
    outcomes: list[Outcome] = []
    for said in all_said:
        job_id = said.hold.job_id
        if job_id in seen and job_id != ids.UNKNOWN:
            outcomes.append(Outcome(job_id, refused=RepeatedJobError()))
        elif job_id in changed:
            outcomes.append(Outcome(job_id, changed[job_id]))
        else:
            outcomes.append(Outcome(job_id, refused=trouble or _reason(states.get(job_id), said)))
        seen.add(job_id)
    return outcomes


async def _states(core: Core, caller: Caller, job_ids: Sequence[int]) -> dict[int, Row]:
    found = await core.store.fetch(
        caller.scope,
        QUERIES["states_of_jobs"],
        org_id=caller.org_id,
        ids=job_ids,
        queues=caller.queue_filter,
    )
    return {row["id"]: row for row in found}


def _reason(state: Row | None, said: Said[Any]) -> SpooledError:
    hold = said.hold
    if state is None:
        return JobNotFoundError()
    if state["state"] in SETTLED_STATES:
        return ConflictError(f"Job is already {state['state']}")
    if hold.lease_id is not None and (hold.lease_id != state["lease_id"] or state["state"] != "processing"):
        return LeaseExpiredError(
            "The lease_id does not match the job's current lease: it lapsed or was given up"
        )
    not_held = ConflictError("Job is not processing: claim it first")
    if state["state"] != "processing":
        return not_held
    if state["leased_until"] <= said.at:
        return LeaseExpiredError()
    if said.worker_id is not None and said.worker_id != state["worker_id"]:
        return OtherWorkerError()
    return not_held  # somebody claimed it between the refusal and this look
