"""Workers over HTTP: they take one or several, and complete, fail, prolong or forget what they took."""

import asyncio
import random
from typing import Any

from tests.chaos.load.asking import NO, YES, Answer, Asker
from tests.chaos.load.desk import REST_QUEUES, Desk
from tests.chaos.load.hands import LEASE_SECONDS, Held, fate, note, settled, take

_IDLE_SECONDS = 0.2


async def work(desk: Desk, name: str) -> None:
    """Take and settle, until cancelled."""
    dice = desk.dice(name)
    while True:
        asker = desk.asker(dice)
        held = await _taken(desk, dice, asker, name)
        in_batch = []
        for one in held:
            drawn = fate(desk, dice)
            if drawn == "batch":
                in_batch.append(one)
            else:
                await _settle(desk, dice, one, drawn)
        if in_batch:
            await _complete_all(desk, asker, in_batch)
        if not held:
            await asyncio.sleep(_IDLE_SECONDS)


async def _taken(desk: Desk, dice: random.Random, asker: Asker, worker: str) -> list[Held]:
    body: dict[str, Any] = {
        "queue_name": dice.choice(REST_QUEUES),
        "worker_id": worker,
        "lease_duration_secs": LEASE_SECONDS,
    }
    if dice.random() < 0.5:
        answer = await asker.ask("dequeue", "POST", "/jobs/dequeue", body | {"wait_seconds": 1})
        jobs = [answer.body] if answer.outcome == YES and answer.body else []
    else:
        answer = await asker.ask("claim", "POST", "/jobs/claim", body | {"limit": dice.randint(1, 5)})
        jobs = answer.body["jobs"] if answer.outcome == YES else []
    return [take(desk, job, worker, "claim", asker.via, answer.times) for job in jobs]


async def _settle(desk: Desk, dice: random.Random, held: Held, drawn: str) -> None:
    body: dict[str, Any] = {"worker_id": held.worker, "lease_id": held.lease}
    if drawn == "beat":
        asker = desk.asker(dice)
        answer = await asker.ask(
            "heartbeat", "POST", f"/jobs/{held.job}/heartbeat", body | {"lease_duration_secs": LEASE_SECONDS}
        )
        until = answer.body["lease_expires_at"] if answer.outcome == YES else None
        note(desk, "beat", held, asker.via, answer, until=until)

    async def attempt() -> tuple[str, Answer]:
        asker = desk.asker(dice)
        if drawn in {"fail", "bury"}:
            failure = body | {"error": "on purpose", "no_retry": drawn == "bury"}
            return asker.via, await asker.ask("fail", "POST", f"/jobs/{held.job}/fail", failure)
        completion = body | {"result": held.result()}
        return asker.via, await asker.ask("complete", "POST", f"/jobs/{held.job}/complete", completion)

    if drawn in {"fail", "bury"}:
        await settled(desk, "fail", held, attempt, no_retry=drawn == "bury")
    elif drawn == "complete twice":
        # As a worker does that lost the answer and has a colleague with the same lease.
        await asyncio.gather(*(settled(desk, "complete", held, attempt) for _ in range(2)))
    elif drawn != "lose":
        await settled(desk, "complete", held, attempt)


async def _complete_all(desk: Desk, asker: Asker, batch: list[Held]) -> None:
    """In one request, and once: what is not known to be done comes again when its lease lapses."""
    jobs = [{"id": held.job, "lease_id": held.lease, "result": held.result()} for held in batch]
    body = {"worker_id": batch[0].worker, "jobs": jobs}
    answer = await asker.ask("complete many", "POST", "/jobs/complete", body)
    results = answer.body["results"] if answer.outcome == YES else [None] * len(batch)
    for held, result in zip(batch, results, strict=True):
        if result is None:
            one = answer
        else:
            done = YES if result["success"] else NO
            said = {"message": result.get("error") or ""}
            one = Answer(done, result.get("status_code", 200), said, answer.sent, answer.ended)
        note(desk, "complete", held, asker.via, one)
