"""Who acts on many jobs at once: cancels or retries them by a filter, and aborts that now and then."""

import asyncio
import random
from typing import Any

from tests.chaos.load.asking import UNKNOWN, YES, Answer
from tests.chaos.load.desk import BULK, Desk
from tests.chaos.load.producers import note_push

_AGAIN_SECONDS = 0.5
_CANCELLED_ALONE = ({}, {}, {"status": "scheduled"})
_RETRIED_ALONE = ({}, {"status": "deadletter"})
_LARGE = (4, 12)
"""The first act with as many jobs as there may be, and how many later the next one is."""
_LATER_SECONDS = 40


async def act(desk: Desk, name: str, pause_seconds: float, largest: int) -> None:
    """One act after the other, each to its end, until no more is wanted.

    Nobody else cancels or retries jobs of their queue. largest: how many jobs are made for some acts.
    """
    dice = desk.dice(name)
    number = 0
    while desk.is_open:
        number += 1
        first, later = _LARGE
        is_large = number % later == first
        kind = "cancel" if is_large else dice.choice(["cancel", "retry"])
        await _make_jobs(desk, dice, f"{name}.{number}", kind, largest if is_large else dice.randint(3, 30))
        await desk.pause(dice.uniform(0.5, 4))
        narrowed = dice.choice(_CANCELLED_ALONE if kind == "cancel" else _RETRIED_ALONE)
        body = {"act": kind, "filter": {"queue_name": BULK, **narrowed}}
        answer = await desk.asker(dice).ask("preview", "POST", "/jobs/acts/preview", body)
        if answer.outcome == YES:
            desk.log.write(
                "preview", token=answer.body["token"], matched=answer.body["matched"], **body, **answer.times
            )
            await desk.pause(dice.uniform(0, 1))
            begun = await _confirm(desk, dice, body, answer.body["token"])
            if begun is not None:
                await _see_through(desk, dice, begun)
        await desk.pause(_AGAIN_SECONDS + dice.expovariate(1 / pause_seconds))


async def _make_jobs(desk: Desk, dice: random.Random, token: str, kind: str, count: int) -> None:
    """Some that wait for an act to cancel them, or die of their first failure."""
    own = {"delay_seconds": _LATER_SECONDS} if kind == "cancel" else {"max_retries": 0}
    jobs = [own | {"payload": {"push": token, "i": index}} for index in range(count)]
    asker = desk.asker(dice)
    answer = await asker.ask("push many", "POST", "/jobs/bulk", {"queue_name": BULK, "jobs": jobs})
    made: list[str | None] = [None] * count
    if answer.outcome == YES:
        for item in answer.body["succeeded"]:
            made[item["index"]] = item["job_id"]
    note_push(desk, asker, answer, token, None, made)


async def _confirm(desk: Desk, dice: random.Random, body: dict[str, Any], token: str) -> str | None:
    """Send it until it is answered, at times over two processes at once; the id of the act."""
    while True:
        askers = list(desk.askers.values()) if dice.random() < 0.3 else [desk.asker(dice)]
        asked = body | {"token": token}
        answers: list[Answer] = await asyncio.gather(
            *(asker.ask("confirm", "POST", "/jobs/acts", asked) for asker in askers)
        )
        for answer in answers:
            begun = answer.body["id"] if answer.outcome == YES else None
            desk.log.write("confirm", token=token, act=begun, outcome=answer.outcome, **answer.times)
        told = [answer for answer in answers if answer.outcome != UNKNOWN and answer.status]
        if told:
            return told[0].body["id"] if told[0].outcome == YES else None
        await asyncio.sleep(_AGAIN_SECONDS)


async def _see_through(desk: Desk, dice: random.Random, begun: str) -> None:
    """Wait until it has ended, or stop it."""
    if dice.random() < 0.2:
        await desk.pause(dice.uniform(0, 1))
        answer = await desk.asker(dice).ask("abort", "POST", f"/jobs/acts/{begun}/abort")
        desk.log.write("abort", act=begun, outcome=answer.outcome, **answer.times)
    while True:
        answer = await desk.asker(dice).ask("act", "GET", f"/jobs/acts/{begun}")
        if answer.outcome == YES and answer.body["status"] not in {"pending", "running"}:
            desk.log.write("act ended", act=begun, status=answer.body["status"], **answer.times)
            return
        await asyncio.sleep(_AGAIN_SECONDS)
