"""The whole load: who takes part in it, from the first job until all has come to its end."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import httpx

from tests.chaos.faults import Misfortune
from tests.chaos.load.acts import act
from tests.chaos.load.asking import Asker, RpcAsker
from tests.chaos.load.cancels import cancel
from tests.chaos.load.conversations import converse
from tests.chaos.load.desk import EVENTS, REST_QUEUES, STREAMED, Desk
from tests.chaos.load.producers import produce
from tests.chaos.load.receiver import Receiver
from tests.chaos.load.recurring import make_schedules, pause_schedules
from tests.chaos.load.streams import work_on_stream
from tests.chaos.load.workers import work
from tests.chaos.load.workflows import make_workflows
from tests.chaos.log import Log
from tests.chaos.plan import WELL_SECONDS, Fault
from tests.chaos.world import World
from tests.support.rpc import rpc_client

QUICK_TO_RECONNECT = [
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1_000),
    ("grpc.max_reconnect_backoff_ms", 500),
    # A line that went mute is noticed by its client too.
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
]
_END_SECONDS = 240.0
"""In which some of what is left comes to its end, once nothing goes wrong any more."""


@dataclass(frozen=True)
class Size:
    """How many take part in a load, how long a producer pauses on average, and which events are told.

    largest_act: jobs that are made for some acts on many; 500 are changed in one transaction.
    """

    producers: int = 6
    workers: int = 10
    streams: int = 5
    conversations: int = 4
    pause_seconds: float = 0.35
    largest_act: int = 700
    events: Sequence[str] = EVENTS


# So few events that all of them are shown as pending, should a process have died with them in its hands.
SHORT = Size(
    producers=4,
    workers=6,
    streams=3,
    conversations=2,
    largest_act=20,
    events=("job.deadlettered", "job.retried", "workflow.failed"),
)


@asynccontextmanager
async def open_desk(world: World, log: Log, seed: int) -> AsyncIterator[Desk]:
    """The clients of a new organization."""
    async with AsyncExitStack() as opened:
        async with httpx.AsyncClient(timeout=60) as client:
            made = await client.post(
                f"{world.url('a')}/api/v1/organizations", json={"name": "Chaos", "slug": "chaos"}
            )
            key = made.raise_for_status().json()["api_key"]["key"]
        askers = {name: Asker(log, name, world.url(name), key) for name in ("a", "b")}
        for asker in askers.values():
            opened.push_async_callback(asker.close)
        rpcs = {}
        for name, line in world.grpc.items():
            address = line.url.removeprefix("http://")
            rpc = await opened.enter_async_context(rpc_client(address, key, QUICK_TO_RECONNECT))
            rpcs[name] = RpcAsker(log, name, rpc)
        desk = Desk(log, seed, askers, rpcs)
        settings = {"retry_delay_ms": 100, "max_retry_delay_ms": 1_000}
        for queue in (*REST_QUEUES, STREAMED):
            answer = await askers["a"].ask(
                "queue", "PUT", f"/queues/{queue}/config", {"settings": settings, "max_retries": 5}
            )
            assert answer.outcome == "yes", answer
        yield desk


async def go_through(
    world: World, desk: Desk, receiver: Receiver, faults: Sequence[Fault], seconds: float, size: Size
) -> None:
    """Load and faults for so long; then all is mended, and whatever was begun comes to its end."""
    async with asyncio.TaskGroup() as tasks:
        schedules = await make_schedules(desk, seconds)
        makers = [produce(desk, f"producer-{n}", size.pause_seconds) for n in range(size.producers)]
        makers += [make_workflows(desk, "workflows", 4 * size.pause_seconds)]
        makers += [cancel(desk, "cancels", 3 * size.pause_seconds)]
        makers += [act(desk, "acts", 10 * size.pause_seconds, size.largest_act)]
        making = [tasks.create_task(maker) for maker in makers]
        workers = [tasks.create_task(work(desk, f"worker-{n}")) for n in range(size.workers)]
        workers += [tasks.create_task(work_on_stream(desk, f"stream-{n}")) for n in range(size.streams)]
        workers += [tasks.create_task(converse(desk, f"talker-{n}")) for n in range(size.conversations)]

        striking = tasks.create_task(Misfortune(world, receiver, desk.log, desk.seed).strike(faults))
        await asyncio.sleep(max(0.0, seconds - WELL_SECONDS))
        receiver.is_kind = True
        await asyncio.sleep(min(seconds, WELL_SECONDS))
        await striking
        desk.close()
        desk.is_calm = True
        await asyncio.gather(*making)
        await pause_schedules(desk, schedules)
        await _until_idle(desk)
        for worker in workers:
            worker.cancel()


async def _until_idle(desk: Desk) -> None:
    """Nothing waits and nothing runs. What does not end the checker finds."""
    fewest, since = float("inf"), desk.log.now()
    while fewest and desk.log.now() < since + _END_SECONDS:
        await asyncio.sleep(0.2)
        stats = await desk.askers["a"].ask("stats", "GET", "/jobs/stats")
        if stats.outcome == "yes":
            left = sum(stats.body[state] for state in ("pending", "scheduled", "processing"))
            if left < fewest:
                fewest, since = left, desk.log.now()
    if fewest:
        desk.log.write("not idle", at=desk.log.now())
