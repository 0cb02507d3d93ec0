"""Who makes jobs: one by one and in batches, with idempotency keys and without."""

import random
from typing import Any

from tests.chaos.load.asking import UNKNOWN, Answer, Asker
from tests.chaos.load.desk import BULK, QUEUES, STREAMED, Desk

_TRIES = 12
_AGAIN_SECONDS = 0.5
_LARGEST_BATCH = 12


async def produce(desk: Desk, name: str, pause_seconds: float) -> None:
    """Push one way or the other until no more is wanted."""
    dice = desk.dice(name)
    number = 0
    while desk.is_open:
        number += 1
        token = f"{name}.{number}"
        kind = dice.choices(["alone", "keyed", "batch", "keyed batch", "again"], [4, 4, 2, 2, 1])[0]
        if kind == "alone":
            await _push(desk, dice, token, None, 1)
        elif kind == "keyed":
            await _push(desk, dice, token, f"key-{token}", _TRIES)
        elif kind == "again" and desk.keys:
            # Another request under a known key, over any process, perhaps while the first is under way.
            await _push(desk, dice, token, dice.choice(desk.keys), _TRIES)
        elif kind != "again":
            await _push_many(desk, dice, token, keyed=kind == "keyed batch")
        await desk.pause(dice.expovariate(1 / pause_seconds))


def _job(dice: random.Random) -> dict[str, Any]:
    return {"max_retries": dice.randint(1, 6), "priority": dice.choice([0, 0, 0, 10, -5])}


def _queue(dice: random.Random, *, with_acts: bool) -> str:
    return dice.choice([*QUEUES, STREAMED, *([BULK] if with_acts else [])])


async def _push(desk: Desk, dice: random.Random, token: str, key: str | None, tries: int) -> None:
    # Who cancels single jobs gets to know those with a key, whoever made them.
    queue = _queue(dice, with_acts=key is None)
    body = _job(dice) | {"queue_name": queue, "payload": {"push": token, "i": 0}}
    if dice.random() < 0.1:
        body["delay_seconds"] = dice.randint(1, 4)
    if key:
        body["idempotency_key"] = key
        desk.keys.append(key)
    for _ in range(tries):
        asker = desk.asker(dice)
        answer = await asker.ask("push", "POST", "/jobs", body)
        job = answer.body["id"] if answer.outcome == "yes" else None
        note_push(desk, asker, answer, token, key, [job])
        if answer.outcome != UNKNOWN and answer.status:
            break
        await desk.pause(_AGAIN_SECONDS)
    if answer.outcome == "yes" and queue != BULK:
        desk.pushed.append(answer.body["id"])


async def _push_many(desk: Desk, dice: random.Random, token: str, *, keyed: bool) -> None:
    count = dice.randint(2, _LARGEST_BATCH)
    jobs = [_job(dice) | {"payload": {"push": token, "i": index}} for index in range(count)]
    if keyed:
        for index, job in enumerate(jobs):
            job["idempotency_key"] = f"key-{token}-{index}"
    body = {"queue_name": _queue(dice, with_acts=True), "jobs": jobs}
    for _ in range(_TRIES if keyed else 1):
        asker = desk.asker(dice)
        answer = await asker.ask("push many", "POST", "/jobs/bulk", body)
        made: list[str | None] = [None] * count
        if answer.outcome == "yes":
            for item in answer.body["succeeded"]:
                made[item["index"]] = item["job_id"]
        note_push(desk, asker, answer, token, f"key-{token}-" if keyed else None, made)
        if answer.outcome != UNKNOWN and answer.status:
            return
        await desk.pause(_AGAIN_SECONDS)


def note_push(
    desk: Desk, asker: Asker, answer: Answer, token: str, key: str | None, jobs: list[str | None]
) -> None:
    """One line for each request. key: of a single job, or what those of a batch begin with."""
    desk.log.write(
        "push", token=token, key=key, outcome=answer.outcome, via=asker.via, jobs=jobs, **answer.times
    )
