"""Playing a history against the service and the model: every answer must be explained by some order."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from functions.ticks.leases import run_once as lease_timer
from shared.core import Core
from tests.model.calls import Call, Hold, Known, call_of
from tests.model.drawing import QUEUES, Drawn
from tests.model.job import Between
from tests.model.rules import Answer
from tests.model.world import World
from tests.support.api import Tenant

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
_NOTHING: Answer = (0, None)
_CLAIMS = {"claim", "dequeue", "complete_and_claim"}
_OF_QUEUES = {"configure", "pause", "resume"}
Played = tuple[Call, Answer]


@dataclass
class StandingClock:
    """Time as the model has it: it moves when a history says so."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Player:
    """One organization and its model, whose time is the same."""

    org: Tenant
    core: Core
    clock: StandingClock
    world: World
    tally: Counter[str]
    known: Known = field(init=False)

    def __post_init__(self) -> None:
        self.known = Known(self.world)

    async def play(self, history: Sequence[Sequence[Drawn]]) -> None:
        """What stands together is done at once; each group ends before the next."""
        self.tally["histories"] += 1
        for group in history:
            self.tally["acts"] += len(group)
            self.tally["done at once"] += len(group) > 1
            await self._do([call_of(drawn, self._clients()) for drawn in group])
        await self._do([Call("stats", {}, ("GET", "/jobs/stats", None))])
        for status in ("pending", "scheduled", "processing", "completed", "deadletter", "cancelled"):
            request = ("GET", f"/jobs?limit=100&status={status}", None)
            await self._do([Call("listed", {"status": status}, request)])

    def _clients(self) -> Known:
        self.known.number += 1
        self.known.world = self.world
        return self.known

    async def _do(self, calls: list[Call]) -> None:
        before = self.world
        seen = await asyncio.gather(*map(self._answer, calls))
        played = [*zip(calls, seen, strict=True)]
        reads = await self._look(played)
        found = next(_explanations(before, played, reads), None)
        assert found is not None, _unexplained(before, played, reads)
        self.world = found
        for call, answer in played:
            self._learn(call, answer)

    async def _answer(self, call: Call) -> Answer:
        if call.act == "move_clock":
            self.clock.now = self.world.now = self.world.now + timedelta(**call.given)
        elif call.act == "run_timers":
            await lease_timer.run_once(self.core, self.core.clock(), 60)
        elif call.request is not None:
            method, path, body = call.request
            response = await self.org.raw(method, path, json=body)
            self.tally["answers"] += 1
            self.tally[f"{call.act} {response.status_code}"] += 1
            return response.status_code, _with_instants(response.json()) if response.content else None
        return _NOTHING

    async def _look(self, played: Sequence[Played]) -> list[Played]:
        """Each job and queue that was touched or changed by itself, as it stands now."""
        touched = {job_id for one in played for job_id in _touched(one)}
        if any(call.act == "run_timers" or call.act in _CLAIMS for call, _ in played):
            touched |= self.world.left_to_timers()
        queues = {call.given["queue"] for call, _ in played if call.act in _OF_QUEUES}
        reads = [
            *(
                Call("get", {"job_id": job_id}, ("GET", f"/jobs/{job_id}", None))
                for job_id in sorted(touched)
            ),
            *(
                Call("get_queue", {"queue": name}, ("GET", f"/queues/{name}", None))
                for name in sorted(queues)
            ),
        ]
        return [(read, await self._answer(read)) for read in reads]

    def _learn(self, call: Call, answer: Answer) -> None:
        status, body = answer
        if call.act == "enqueue" and status == 201:
            self.known.jobs.append(body["id"])
        elif call.act == "enqueue_many":
            self.known.jobs += [one["job_id"] for one in body["succeeded"] if one["created"]]
        for job in _taken(call, answer):
            self.known.holds.append(Hold(job["id"], job["lease_id"], job["worker_id"]))


def _explanations(world: World, played: list[Played], reads: list[Played]) -> Iterator[World]:
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
        queues = {call.given["queue"] for call, _ in acts if call.act in _CLAIMS}
        lapsing = [name for name in QUEUES if (timers or name in queues) and world.has_lapsed(name)]
        by_themselves += [(Call("lapse", {"queue": name}), _NOTHING) for name in lapsing]
        by_themselves += [(Call("expire", {}), _NOTHING)] if timers else []
    yield from _orders(world, acts, by_themselves, reads, must=timers and not acts)


def _orders(
    world: World, acts: list[Played], by_themselves: list[Played], reads: list[Played], *, must: bool
) -> Iterator[World]:
    if not acts and not (must and by_themselves):
        after = world.copy()
        if all(_is_explained(after, read, frozenset()) for read in reads):
            yield after
    for rest, is_act in ((acts, True), (by_themselves, False)):
        for place, one in enumerate(rest):
            after, others = world.copy(), rest[:place] + rest[place + 1 :]
            passed = frozenset(job_id for other in acts if other is not one for job_id in _touched(other))
            if _is_explained(after, one, passed):
                left = (others, by_themselves) if is_act else (acts, others)
                yield from _orders(after, *left, reads, must=must)


def _is_explained(world: World, played: Played, passed: frozenset[str]) -> bool:
    call, seen = played
    given = call.given | ({"passed": passed} if call.act in {*_CLAIMS, "retry_dead"} else {})
    try:
        world.seen = seen
        status, body = getattr(world, call.act)(**given)
    except AssertionError:
        return False
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


def _taken(call: Call, answer: Answer) -> list[dict[str, Any]]:
    """The jobs that a claim gave."""
    body = answer[1]
    if call.act not in _CLAIMS or answer[0] != 200 or body is None:
        return []
    taken: list[dict[str, Any]] = {"claim": body.get("jobs"), "complete_and_claim": body.get("next")}.get(
        call.act
    ) or ([body] if call.act == "dequeue" else [])
    return taken


def _touched(played: Played) -> set[str]:
    call, answer = played
    touched = {*call.touches, *(job["id"] for job in _taken(call, answer))}
    if call.act == "enqueue_many":
        touched |= {one["job_id"] for one in answer[1]["succeeded"]}
    if call.act == "retry_dead":
        touched |= {*answer[1]["retried_jobs"], *answer[1]["skipped_jobs"]}
    return touched


def _with_instants(body: Any) -> Any:
    if isinstance(body, dict):
        return {name: _with_instants(value) for name, value in body.items()}
    if isinstance(body, list):
        return [_with_instants(value) for value in body]
    return datetime.fromisoformat(body) if isinstance(body, str) and _INSTANT.match(body) else body


def _unexplained(world: World, played: list[Played], reads: list[Played]) -> str:
    lines = [f"No order of these acts explains the answers, at {world.now}:"]
    for call, seen in played + reads:
        after = world.copy()
        after.seen = seen
        try:
            expected = "" if call.request is None else getattr(after, call.act)(**call.given)
        except AssertionError as error:
            expected = repr(error)
        lines += [
            f"- {call.act} {call.given}",
            f"    seen     {json.dumps(seen, default=str)}",
            f"    if first {json.dumps(expected, default=str)}",
        ]
    lines += ["Before:", *(f"  {job}" for job in world.jobs.values()), f"  {world.queues}"]
    return "\n".join(lines)
