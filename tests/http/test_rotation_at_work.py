"""A producer and a worker go on through each rotation: no request is refused, no delivery is unverified."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import count

import pytest

from functions.ticks.deliveries import run_once as deliveries
from functions.ticks.tokens import run_once as tokens
from shared.core import Core
from shared.store import SYSTEM, Query
from tests.support.api import Api, Tenant
from tests.support.clock import MovingClock
from tests.support.rotation import ACCEPTED, AFTER, BEFORE, CURRENT, at, served_at
from tests.support.targets import OK, Target, answering, listening
from tests.support.until import until

_AHEAD = 5
_BUDGET_SECONDS = 0.2


@dataclass
class Receiver:
    """As its users have it: one secret, one signature, and 401 for any other."""

    secret: str
    taken: int = 0
    refused: int = 0
    target: Target = field(default_factory=Target)

    async def answer(self, writer: asyncio.StreamWriter) -> None:
        request = self.target.requests[-1]
        signed = f"{request.headers['x-spooled-timestamp']}.".encode() + request.body
        good = "sha256=" + hmac.new(self.secret.encode(), signed, hashlib.sha256).hexdigest()
        is_good = request.headers["x-spooled-signature"] == good
        self.taken += is_good
        self.refused += not is_good
        writer.write(OK if is_good else answering(401))
        await writer.drain()


@dataclass
class Work:
    """A producer and a worker, each with a credential of its own, who ask one process after the other."""

    processes: list[Api]
    producer: str
    worker: str
    pushed: int = 0
    done: int = 0
    statuses: list[int] = field(default_factory=list)
    turns: "count[int]" = field(default_factory=count)
    between: tuple[asyncio.Lock, asyncio.Lock] = field(
        default_factory=lambda: (asyncio.Lock(), asyncio.Lock())
    )

    async def let_time_pass(self, clock: MovingClock, **time: float) -> None:
        """Between two requests and two jobs: a lease would lapse."""
        async with self.between[0], self.between[1]:
            clock.advance(**time)

    async def ask(self, credential: str, method: str, path: str, **body: object) -> dict[str, object]:
        process = self.processes[next(self.turns) % len(self.processes)]
        answer = await Tenant(process.client, credential).raw(method, path, json=body)
        self.statuses.append(answer.status_code)
        found = answer.json() if answer.content else None
        return found if isinstance(found, dict) else {}

    async def produce(self) -> None:
        while True:
            async with self.between[0]:
                if self.pushed < self.done + _AHEAD:
                    await self.ask(self.producer, "POST", "/jobs", queue="emails", payload={})
                    self.pushed += 1
            await asyncio.sleep(0)

    async def work(self) -> None:
        while True:
            async with self.between[1]:
                job = await self.ask(self.worker, "POST", "/jobs/dequeue", queue="emails", worker_id="w")
                if "id" in job:
                    await self.ask(self.worker, "POST", f"/jobs/{job['id']}/complete", worker_id="w")
                    self.done += 1
            await asyncio.sleep(0)

    async def go_on(self) -> None:
        """Wait until both have done some more, with what there is now."""
        pushed, done = self.pushed + 3, self.done + 3

        async def have() -> bool:
            return self.pushed >= pushed and self.done >= done

        await until(have)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with listening() as target:
        found = Receiver("old", target=target)
        target.answer = found.answer
        yield found


@pytest.fixture
async def stages(core: Core) -> AsyncIterator[dict[str, list[Api]]]:
    """Two processes for each step of the server's secret, of one service."""
    async with AsyncExitStack() as opened:
        yield {
            name: [await opened.enter_async_context(served_at(core, step)) for _ in range(2)]
            for name, step in (
                ("before", BEFORE),
                ("accepted", ACCEPTED),
                ("current", CURRENT),
                ("after", AFTER),
            )
        }


async def test_nobody_is_refused_through_all_rotations(
    core: Core, clock: MovingClock, receiver: Receiver, stages: dict[str, list[Api]]
) -> None:
    """Webhook, keys and the server's secret, process by process, while jobs are pushed, run and told of."""
    await core.store.fetch(SYSTEM, Query("clear", "DELETE FROM webhook_delivery", hot=False))
    processes = stages["before"]
    org = await processes[0].new_tenant()
    keys = [await org.post("/api-keys", {"name": name}, 201) for name in ("producer", "worker")]
    hook = await org.post(
        "/outgoing-webhooks",
        {"name": "h", "url": receiver.target.url, "events": ["job.completed"], "secret": "old"},
        201,
    )
    path = f"/outgoing-webhooks/{hook['id']}"
    session = await processes[0].post("/auth/login", {"api_key": keys[1]["key"]})
    work = Work([*processes], keys[0]["key"], keys[1]["key"])
    tasks = [asyncio.create_task(work.produce()), asyncio.create_task(work.work())]

    async def deliver(step: dict[str, str]) -> None:
        await work.go_on()
        await deliveries.run_once(at(core, step), clock(), _BUDGET_SECONDS)

    await deliver(BEFORE)
    new = (await org.post(f"{path}/rotate-secret"))["secret"]
    await deliver(BEFORE)
    receiver.secret = new
    await deliver(BEFORE)
    successors = [await org.post(f"/api-keys/{key['id']}/rotate", status=201) for key in keys]
    await work.go_on()
    work.producer = successors[0]["key"]
    await work.go_on()
    work.worker = session["access_token"]
    await work.go_on()
    work.worker = successors[1]["key"]
    await work.go_on()

    for number, name in ((n, name) for name in ("accepted", "current") for n in range(2)):
        await work.let_time_pass(clock, minutes=6)
        work.processes[number] = stages[name][number]
        await deliver(ACCEPTED if name == "accepted" else CURRENT)
    await work.let_time_pass(clock, days=1)
    await deliver(CURRENT)
    await tokens.run_once(at(core, CURRENT), clock(), 60)
    for number in range(2):
        work.processes[number] = stages["after"][number]
        await deliver(AFTER)

    async with work.between[0], work.between[1]:
        for task in tasks:
            assert not task.done()
            task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await deliveries.run_once(at(core, AFTER), clock(), 30)
    sent = await Tenant(stages["after"][0].client, work.worker).get(f"{path}/deliveries")
    ended = await stages["after"][0].client.get(
        "/api/v1/jobs", headers={"Authorization": f"Bearer {keys[0]['key']}"}
    )
    assert {*work.statuses} <= {200, 201}
    assert {(one["status"], one["attempts"]) for one in sent} == {("success", 1)}
    assert receiver.taken == work.done
    assert ended.status_code == 401
