"""The statements of a claim: where they begin, what they count, and what is learnt from their rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from shared.core import Core
from shared.jobs.gates import GATES
from shared.jobs.model import CLAIMED, claimed_answer
from shared.marks import Key, QueueMarks, begin
from shared.store import Row, Statement, load_queries
from shared.tenants.caller import Caller
from shared.webhooks.outbox import telling_of_jobs

if TYPE_CHECKING:
    from shared.jobs.claim import Claim

QUERIES = load_queries(
    __file__,
    **GATES,
    answered=CLAIMED,
    told=telling_of_jobs("job.started", rows="claimed", previous="'pending'"),
)
_ASKER, _WALKED, _LAPSE = (QUERIES[name].sql for name in ("asker", "walked", "next_lapse"))
_SEEN = QUERIES["seen"].filled(walked=_WALKED).sql
_CLOSED = f"{GATES['paused']} OR {GATES['disabled']}"
_STRICT = {"walk": QUERIES["walk"].sql, "level": "level", "from_mark": "", "walked": ""}
_FROM_MARK = f" {QUERIES['from_mark'].sql}"
_COUNTED = _STRICT | {
    "walk": f"{QUERIES['counter'].sql},\n{QUERIES['walk'].sql}",
    "level": QUERIES["counted_level"].sql,
    "walked": f" {_WALKED} AS walked,",
}
_FOUND = _COUNTED | {
    "walk": f"{QUERIES['counter'].sql},\n{QUERIES['walk_of_places'].sql}",
    "from_mark": _FROM_MARK,
}
_MARKED = _STRICT | {"walk": QUERIES["marks"].sql, "from_mark": _FROM_MARK}
_OF_ONE = {
    "worker_id": "%(worker_id)s",
    "lease_seconds": "%(lease_seconds)s::integer",
    "asker": "",
    "for_asker": "",
}
_OF_SEVERAL = {
    "worker_id": f"(%(worker_ids)s::text[])[{_ASKER}]",
    "lease_seconds": f"(%(lease_seconds)s::integer[])[{_ASKER}]",
    "asker": ", asker",
    "for_asker": f", {_ASKER} AS asker",
}
_UNLIMITED = {
    "budget": "",
    "limit": "%(limit)s",
    "closed": f"{_CLOSED} OR queue.concurrency IS NOT NULL OR queue.rate_limit IS NOT NULL",
    "spent": "",
}
_LIMITED = {
    "budget": f"{QUERIES['budget'].sql},\n",
    "limit": "coalesce((SELECT budget.allowed FROM budget), 0)",
    "closed": _CLOSED,
    "spent": f",\n{QUERIES['spent'].sql}",
}
CLAIM = QUERIES["claim_jobs"].filled(**_OF_ONE, **_UNLIMITED, **_STRICT)
CLAIM_COUNTED = QUERIES["claim_jobs"].filled(**_OF_ONE, **_UNLIMITED, **_COUNTED)
CLAIM_MARKED = QUERIES["claim_jobs"].filled(**_OF_ONE, **_UNLIMITED, **_MARKED)
CLAIM_TOGETHER = QUERIES["claim_jobs"].filled(**_OF_SEVERAL, **_UNLIMITED, **_COUNTED)
CLAIM_TOGETHER_MARKED = QUERIES["claim_jobs"].filled(**_OF_SEVERAL, **_UNLIMITED, **_MARKED)
CLAIM_LIMITED = QUERIES["claim_jobs"].filled(**_OF_ONE, **_LIMITED, **_STRICT)
NEXT_LOOK = QUERIES["next_look"].filled(**_STRICT, next_lapse=_LAPSE, seen="")
NEXT_LOOK_COUNTED = QUERIES["next_look"].filled(**_FOUND, next_lapse=_LAPSE, seen=_SEEN)
NEXT_LOOK_MARKED = QUERIES["next_look"].filled(**_MARKED, next_lapse="NULL::timestamptz", seen="")


@dataclass(frozen=True, slots=True)
class Taking:
    """A claim, ready to run.

    started: the marks that it begins at; None for one that begins at the front.
    """

    statement: Statement
    _marks: QueueMarks
    _started: Mapping[int, Key] | None = None
    _is_counted: bool = False

    def told(self, row: Row, claim: "Claim") -> dict[str, Any]:
        """What the worker hears of a job that it took, whose times are those of this claim."""
        return claimed_answer(row, claim, self.statement.parameters["now"])

    def learn(self, rows: Sequence[Row]) -> None:
        """What it took, in its order, says where the next one begins."""
        if self._started is not None:
            self._marks.claimed(self._started, rows)
        elif self._is_counted:
            self._marks.counted(rows[0]["walked"] - len(rows) if rows else None)


def claiming(
    core: Core,
    caller: Caller,
    claim: "Claim",
    now: datetime,
    *,
    after: int | None = None,
    follows: bool = False,
) -> Taking:
    """One claim. See `claim_jobs` in the SQL for `after` and `follows`."""
    parameters = _parameters(caller, claim, now) | {"after": after, "follows": follows}
    marks = core.marks.of(caller.org_id, claim.queue)
    if marks.are_known:
        core.tally.claims_from_marks += 1
        started = marks.starts()
        return Taking(Statement(CLAIM_MARKED, parameters | begin(started, now)), marks, started)
    if marks.is_to_be_counted(now):
        return Taking(Statement(CLAIM_COUNTED, parameters), marks, _is_counted=True)
    return Taking(Statement(CLAIM, parameters), marks)


def claiming_together(core: Core, caller: Caller, asked: "Sequence[tuple[Claim, datetime]]") -> Taking:
    """Several claims of one job each, of one queue."""
    latest = max(now for _, now in asked)
    first = asked[0][0]
    parameters = _parameters(caller, first, latest) | {
        "worker_ids": [claim.worker_id for claim, _ in asked],
        "lease_seconds": [claim.lease_seconds for claim, _ in asked],
        "limit": len(asked),
    }
    marks = core.marks.of(caller.org_id, first.queue)
    if marks.are_known:
        core.tally.claims_from_marks += len(asked)
        started = marks.starts()
        return Taking(Statement(CLAIM_TOGETHER_MARKED, parameters | begin(started, latest)), marks, started)
    return Taking(Statement(CLAIM_TOGETHER, parameters), marks, _is_counted=True)


def claiming_limited(caller: Caller, claim: "Claim", now: datetime) -> list[Statement]:
    """A claim from a queue with limits, behind its lock. It begins at the front, as it counts what runs."""
    parameters = _parameters(caller, claim, now)
    return [Statement(QUERIES["lock_limited_queue"], parameters), Statement(CLAIM_LIMITED, parameters)]


def _parameters(caller: Caller, claim: "Claim", now: datetime) -> dict[str, Any]:
    return {
        "org_id": caller.org_id,
        "queue": claim.queue,
        "worker_id": claim.worker_id,
        "limit": claim.limit,
        "lease_seconds": claim.lease_seconds,
        "after": None,
        "follows": False,
        "now": now,
    }
