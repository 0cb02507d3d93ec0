"""What a worker has in its hands, and what becomes of it."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from tests.chaos.load.asking import UNKNOWN, Answer
from tests.chaos.load.desk import Desk

LEASE_SECONDS = 5
_TRIES = 12
_AGAIN_SECONDS = 0.5


@dataclass(frozen=True)
class Held:
    """A job that a worker was given; its first attempt is 1."""

    job: str
    lease: str
    attempt: int
    worker: str

    def result(self) -> dict[str, str]:
        """What this run of the job comes to, and no other."""
        return {"lease": self.lease}


def take(
    desk: Desk,
    job: dict[str, Any],
    worker: str,
    kind: str,
    via: str,
    times: dict[str, float],
    stream: float | None = None,
) -> Held:
    """Note that a worker was given a job.

    kind: `claim`, which was asked for at `sent`, or `stream`. stream: when that was opened on which it came.
    """
    held = Held(job["id"], job["lease_id"], job["retry_count"] + 1, worker)
    desk.log.write(
        "handed",
        job=held.job,
        lease=held.lease,
        attempt=held.attempt,
        since=job["started_at"],
        until=job["lease_expires_at"],
        worker=worker,
        kind=kind,
        stream=stream,
        via=via,
        parents=sorted(job.get("parents") or {}),
        **times,
    )
    return held


def fate(desk: Desk, dice: random.Random) -> str:
    """What is to become of it."""
    drawn = dice.choices(
        ["complete", "complete twice", "batch", "beat", "fail", "bury", "lose"], [60, 5, 8, 5, 13, 2, 4]
    )[0]
    return "complete" if desk.is_calm and drawn in {"fail", "bury", "lose"} else drawn


async def settled(
    desk: Desk, what: str, held: Held, attempt: Callable[[], Awaitable[tuple[str, Answer]]], **facts: Any
) -> Answer:
    """Try until it is answered, or so often that its lease is long over.

    attempt: sends it, and says over which process. what: `complete` or `fail`.
    """
    for _ in range(_TRIES):
        via, answer = await attempt()
        note(desk, what, held, via, answer, **facts)
        if answer.outcome != UNKNOWN and answer.status:
            break
        await desk.pause(_AGAIN_SECONDS)
    return answer


def note(desk: Desk, what: str, held: Held, via: str, answer: Answer, **facts: Any) -> None:
    """One line for each try to settle a job."""
    desk.log.write(
        what,
        job=held.job,
        lease=held.lease,
        attempt=held.attempt,
        worker=held.worker,
        via=via,
        outcome=answer.outcome,
        status=answer.status,
        said="" if answer.outcome == "yes" else answer.said,
        **answer.times,
        **facts,
    )
