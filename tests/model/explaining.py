"""Is there an order of some acts in which every answer is the model's?"""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from tests.model.drawing import QUEUES
from tests.model.job import Between
from tests.model.known import Call
from tests.model.rules import Answer
from tests.model.world import World

NOTHING: Answer = (0, None)
CLAIMS = {"claim", "dequeue", "complete_and_claim"}
Played = tuple[Call, Answer]
Parts = list[Played]
DONE_THEN_READ = {
    "cancel_workflow": {"id", "name"},
    "retry_workflow": {"id", "name"},
    "depend": {"job_id", "added", "added_count", "dependencies_added"},
}
"""Acts whose answer is what is read after them, and what in it others cannot have changed meanwhile."""


def explanations(world: World, played: list[Played], reads: list[Played]) -> Iterator[World]:
    """The worlds that come of the orders in which every answer is the model's.

    Where several act at once, what happens by itself may happen in between, and in parts.
    """
    if len(played) == 1 and played[0][0].act == "move_clock":
        yield world
        return
    acts = [one for one in played if one[0].act != "run_timers"]
    timers = len(acts) < len(played)
    by_themselves: list[Played] = []
    if timers or len(played) > 1:
        queues = {call.given["queue"] for call, _ in acts if call.act in CLAIMS}
        lapsing = [name for name in QUEUES if (timers or name in queues) and world.has_lapsed(name)]
        by_themselves += [(Call("lapse", {"queue": name}), NOTHING) for name in lapsing]
        by_themselves += [(Call("expire", {}), NOTHING)] if timers else []
    parts = [_parts(one) for one in acts]
    yield from _orders(world, parts, [[one] for one in by_themselves], reads, must=timers and not acts)


def _parts(played: Played) -> Parts:
    """A complete and the claim that follows it need not be one transaction."""
    call, (status, body) = played
    if call.act != "complete_and_claim" or not call.at_once or status != 200:
        return [played]
    complete = {name: call.given[name] for name in ("job_id", "worker", "lease")} | {"result": None}
    claim = {name: call.given[name] for name in ("queue", "worker")} | {"limit": 1, "lease": None}
    return [
        (call._replace(act="complete", given=complete), (200, body)),
        (Call("claim", claim, call.request), (200, {"jobs": body["next"]})),
    ]


def _orders(
    world: World, acts: list[Parts], by_themselves: list[Parts], reads: list[Played], *, must: bool
) -> Iterator[World]:
    if not acts and not (must and by_themselves):
        after = world.copy()
        if all(_is_explained(after, read, frozenset()) for read in reads):
            yield after
    for rest, is_act in ((acts, True), (by_themselves, False)):
        for place, (one, *more) in enumerate(rest):
            after, others = world.copy(), rest[:place] + ([more] if more else []) + rest[place + 1 :]
            passed = _at(world, [other for other in acts if other[0] is not one], by_themselves)
            if _is_explained(after, one, passed):
                left = (others, by_themselves) if is_act else (acts, others)
                yield from _orders(after, *left, reads, must=must)


def _at(world: World, others: list[Parts], by_themselves: list[Parts]) -> frozenset[str]:
    """The jobs that these may have locked: those that they name or change, and what waits for them."""
    jobs = {job_id for other in others for one in other for job_id in touched(one)}
    return frozenset(world.below(jobs | (world.left_to_timers() if by_themselves else set())))


def _is_explained(world: World, played: Played, passed: frozenset[str]) -> bool:
    call, seen = played
    given = call.given | ({"passed": passed} if call.act in {*CLAIMS, "retry_dead"} else {})
    try:
        world.seen = seen
        status, body = getattr(world, call.act)(**given)
    except AssertionError:
        return False
    if call.at_once and call.act in DONE_THEN_READ and status == 200:
        body = {name: value for name, value in body.items() if name in DONE_THEN_READ[call.act]}
    return bool(status == seen[0] and _matches(body, seen[1]))


def _matches(expected: Any, seen: Any) -> bool:
    """What is expected is there; more may be."""
    if isinstance(expected, dict):
        return isinstance(seen, dict) and all(
            name in seen and _matches(value, seen[name]) for name, value in expected.items()
        )
    if isinstance(expected, list):
        return isinstance(seen, list) and len(expected) == len(seen) and all(map(_matches, expected, seen))
    if isinstance(expected, Between):
        return isinstance(seen, datetime) and expected.first <= seen <= expected.last
    return bool(expected == seen)


def taken(call: Call, answer: Answer) -> list[dict[str, Any]]:
    """The jobs that a claim gave."""
    body = answer[1]
    if call.act not in CLAIMS or answer[0] != 200 or body is None:
        return []
    if call.act == "dequeue":
        return [body]
    jobs: list[dict[str, Any]] = body["jobs" if call.act == "claim" else "next"]
    return jobs


def touched(played: Played) -> set[str]:
    call, answer = played
    named = {*call.touches, *(job["id"] for job in taken(call, answer))}
    if call.act == "enqueue_many":
        named |= {one["job_id"] for one in answer[1]["succeeded"]}
    if call.act == "create_workflow" and answer[0] == 201:
        named |= {one["job_id"] for one in answer[1]["job_ids"]}
    if call.act == "retry_dead":
        named |= {*answer[1]["retried_jobs"], *answer[1]["skipped_jobs"]}
    return named


def unexplained(world: World, played: list[Played], reads: list[Played]) -> str:
    """Each answer beside the model's; the reads as they would be if the acts were done in this order."""
    lines = [f"No order of these acts explains the answers, at {world.now}:"]
    after = world.copy()
    for call, seen in played + reads:
        after.seen = seen
        try:
            expected = "" if call.request is None else getattr(after, call.act)(**call.given)
        except AssertionError as error:
            expected = repr(error)
        lines += [
            f"- {call.act} {call.given}",
            f"    seen     {json.dumps(seen, default=str)}",
            f"    expected {json.dumps(expected, default=str)}",
        ]
    lines += ["Before:", *(f"  {job}" for job in world.jobs.values()), f"  {world.queues}"]
    return "\n".join(lines)
