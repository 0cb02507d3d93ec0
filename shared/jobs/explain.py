"""Why a job is not running: every gate of a claim before it, by the claim's own conditions."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from shared import ids
from shared.core import Core
from shared.errors import UnavailableError
from shared.jobs.claiming import QUERIES as CLAIMING
from shared.jobs.estimate import SAMPLE, estimate, signs_of, workers_gate
from shared.jobs.gates import GATES
from shared.jobs.model import status_of
from shared.jobs.read import JobNotFoundError, find_job
from shared.jobs.verdicts import MOST_BEFORE, Gate, gates_of
from shared.jobs.whereabouts import state_gate
from shared.store import Row, Statement, load_queries
from shared.tenants.caller import Caller
from shared.tenants.holders import names_of_holders
from shared.workers.model import GONE_AFTER

QUERIES = load_queries(__file__, **GATES, walk=CLAIMING["walk"].sql)
_MOST_PARENTS = 10
_SIGNS_AGE = timedelta(days=7)
_LOOKS = 3


async def explain_job(core: Core, caller: Caller, public_id: str, now: datetime) -> dict[str, Any]:
    """Whether a claim would take the job now, what keeps it from that, and an estimate of when it starts.

    `runnable` is that of all jobs of its queue the next claim takes this one. It does not say that somebody
    claims: that is the gate `workers`. Not seen are a lock that another transaction has on the job, and the
    second at most for which claims that begin at a mark may pass a job by. Raises JobNotFoundError.
    """
    job_id = ids.decode("job", public_id)
    for _ in range(_LOOKS):
        job = await find_job(core, caller, job_id)
        if job is None:
            raise JobNotFoundError
        if job["state"] not in {"waiting", "pending"}:
            return _over(job, now)
        if explained := await _explain_waiting(core, caller, job, now):
            return explained
    raise UnavailableError("The job changes faster than it can be looked at; try again shortly.")


async def _explain_waiting(core: Core, caller: Caller, job: Row, now: datetime) -> dict[str, Any] | None:
    """None for a job that was claimed, or is over, since it was read."""
    queue = job["queue"]
    known = {"org_id": caller.org_id, "id": job["id"], "queue": queue, "now": now}
    seen_since = now - GONE_AFTER
    since_id = ids.first_of(now, -_SIGNS_AGE)
    rows, parents, (signs_row,) = await core.store.fetch_each(
        caller.scope,
        [
            Statement(QUERIES["explain_job"], known | {"most": MOST_BEFORE}),
            Statement(
                QUERIES["find_open_parents"], known | {"queues": caller.queue_filter, "most": _MOST_PARENTS}
            ),
            Statement(
                QUERIES["find_signs"],
                known | {"seen_since": seen_since, "since_id": since_id, "sample": SAMPLE},
            ),
        ],
    )
    if not rows:
        return None
    (row,) = rows
    who = await names_of_holders(core, caller, [row["paused_by"], row["disabled_by"]])
    gates = gates_of(row, parents, who, now)
    signs = signs_of(signs_row, core.wakeups.waiting_here(caller.org_id, queue), now)
    asked = workers_gate(signs, now)
    runnable = not any(gate.holds for gate in gates)
    told = estimate(row, [*gates, asked], signs, queue, now)
    return _answer(row | {"queue": queue}, now, [*gates, asked], told, runnable=runnable)


def _over(job: Row, now: datetime) -> dict[str, Any]:
    gate = state_gate(job, now)
    told = {"starts_at": None, "basis": "It runs." if job["state"] == "processing" else "It is over."}
    return _answer(job, now, [gate], told, runnable=False)


def _answer(
    row: Row, now: datetime, gates: Sequence[Gate], told: Mapping[str, Any], *, runnable: bool
) -> dict[str, Any]:
    return {
        "job_id": ids.encode("job", row["id"]),
        "queue_name": row["queue"],
        "queue": row["queue"],
        "status": status_of(row, now),
        "runnable": runnable,
        "summary": _summary(gates),
        "gates": [gate.answer() for gate in gates],
        "estimate": told,
    }


def _summary(gates: Sequence[Gate]) -> str:
    holding = [gate for gate in gates if gate.holds]
    if not holding:
        return "Nothing holds it: the next claim takes it."
    first, *others = holding
    if not others:
        return first.reason
    return f"{first.reason.rstrip('.')}; {', '.join(gate.name for gate in others)} would hold it too."
