"""Playing a history against the service and the model: every answer must be explained by some order."""

import asyncio
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from functions.ticks.leases import run_once as lease_timer
from shared.core import Core
from tests.model.calls import call_of
from tests.model.drawing import Drawn
from tests.model.explaining import CLAIMS, NOTHING, Played, explanations, taken, touched, unexplained
from tests.model.known import Call, Hold, Known
from tests.model.rules import Answer
from tests.model.world import World
from tests.support.api import Tenant

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
_OF_QUEUES = {"configure", "pause", "resume"}


@dataclass
class StandingClock:
    """Time as the model has it: it moves when a history says so."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Player:
    """One organization and its model, whose time is the same.

    doors: the organization at each of several processes' worth of the service, which take turns.
    """

    doors: Sequence[Tenant]
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
            calls = [call_of(drawn, self._clients()) for drawn in group]
            await self._do([call._replace(at_once=len(group) > 1) for call in calls])
        self._count()
        await self._do([Call("stats", {}, ("GET", "/jobs/stats", None))])
        for status in ("pending", "scheduled", "processing", "completed", "deadletter", "cancelled"):
            request = ("GET", f"/jobs?limit=100&status={status}", None)
            await self._do([Call("listed", {"status": status}, request)])
        await self._do([Call("list_workflows", {}, ("GET", "/workflows?limit=100", None))])
        for job in [job for job in self.world.jobs.values() if job.edges]:
            await self._do([_read("get_dependencies", "job_id", job.id, f"/jobs/{job.id}/dependencies")])

    def _count(self) -> None:
        self.tally.update(f"a workflow {one.status} in the end" for one in self.world.workflows.values())
        edges = [edge for job in self.world.jobs.values() for edge in job.edges.values()]
        self.tally.update(f"a dependency {edge.outcome} in the end" for edge in edges)

    def _clients(self) -> Known:
        self.known.number += 1
        self.known.world = self.world
        return self.known

    async def _do(self, calls: list[Call]) -> None:
        before = self.world
        seen = await asyncio.gather(*map(self._answer, calls, range(len(calls))))
        played = [*zip(calls, seen, strict=True)]
        reads = await self._look(played)
        found = next(explanations(before, played, reads), None)
        assert found is not None, unexplained(before, played, reads)
        self.world = found
        for call, answer in played:
            self._learn(call, answer)

    async def _answer(self, call: Call, place: int) -> Answer:
        if call.act == "move_clock":
            self.clock.now = self.world.now = self.world.now + timedelta(**call.given)
        elif call.act == "run_timers":
            await lease_timer.run_once(self.core, self.core.clock(), 60)
        elif call.request is not None:
            method, path, body = call.request
            door = self.doors[(self.known.number + place) % len(self.doors)]
            response = await door.raw(method, path, json=body)
            self.tally["answers"] += 1
            self.tally[f"{call.act} {response.status_code}"] += 1
            return response.status_code, _with_instants(response.json()) if response.content else None
        return NOTHING

    async def _look(self, played: Sequence[Played]) -> list[Played]:
        """Each job, workflow and queue that was touched or changed by itself, as it stands now."""
        jobs = {job_id for one in played for job_id in touched(one)}
        if any(call.act == "run_timers" or call.act in CLAIMS for call, _ in played):
            jobs |= self.world.left_to_timers()
        jobs = self.world.below(jobs)
        queues = {call.given["queue"] for call, _ in played if call.act in _OF_QUEUES}
        reads = [
            *(_read("get", "job_id", name, f"/jobs/{name}") for name in sorted(jobs)),
            *(_read("get_workflow", "workflow_id", name, f"/workflows/{name}") for name in self._flows(jobs)),
            *(_read("get_queue", "queue", name, f"/queues/{name}") for name in sorted(queues)),
        ]
        answers = await asyncio.gather(*map(self._answer, reads, range(len(reads))))
        return [*zip(reads, answers, strict=True)]

    def _flows(self, job_ids: Iterable[str]) -> list[str]:
        jobs = [self.world.jobs[job_id] for job_id in job_ids if job_id in self.world.jobs]
        return sorted({job.workflow for job in jobs if job.workflow is not None})

    def _learn(self, call: Call, answer: Answer) -> None:
        status, body = answer
        if call.act == "enqueue" and status == 201:
            self.known.jobs.append(body["id"])
        elif call.act == "enqueue_many":
            self.known.jobs += [one["job_id"] for one in body["succeeded"] if one["created"]]
        elif call.act == "create_workflow" and status == 201:
            self.known.jobs += [one["job_id"] for one in body["job_ids"]]
            self.known.workflows.append(body["id"])
        for job in taken(call, answer):
            self.known.holds.append(Hold(job["id"], job["lease_id"], job["worker_id"]))


def _read(act: str, name: str, value: str, path: str) -> Call:
    return Call(act, {name: value}, ("GET", path, None))


def _with_instants(body: Any) -> Any:
    if isinstance(body, dict):
        return {name: _with_instants(value) for name, value in body.items()}
    if isinstance(body, list):
        return [_with_instants(value) for value in body]
    return datetime.fromisoformat(body) if isinstance(body, str) and _INSTANT.match(body) else body
