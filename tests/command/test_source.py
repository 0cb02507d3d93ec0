"""Where a worker's jobs come from, when it ends or is refused in the middle of asking."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from shared.command.connection import Connection
from shared.command.exits import Exit
from shared.command.worker.plan import Plan
from shared.command.worker.service import Held, WorkerService
from shared.command.worker.source import Source
from tests.support.command import CommandLine


class LastAnswer(WorkerService):
    """Is told to stop when the service has given a job and before the worker knows."""

    stopping: asyncio.Event

    async def claim(self, *arguments: Any) -> list[Held]:
        jobs = await super().claim(*arguments)
        self.stopping.set()
        await asyncio.sleep(0.05)
        return jobs


@asynccontextmanager
async def stopped_while_asking(spooled: CommandLine) -> AsyncIterator[Source]:
    """A source whose worker is told to stop in the middle of its first claim."""
    service = LastAnswer(Connection(spooled.url, spooled.key), "w-1")
    service.stopping = asyncio.Event()
    plan = Plan(program=("true",), queues=("work",), worker_id="w-1")
    yield Source(service, plan, service.stopping, lambda _said: None, service.release)
    await service.close()


async def test_a_job_on_its_way_when_the_worker_is_told_to_stop(spooled: CommandLine) -> None:
    """It is given back unused; left to its lease it would lose an attempt, and its last one its life."""
    made = spooled("push", "work", "--max-retries", "0", "--json").json
    async with stopped_while_asking(spooled) as source:
        assert await source.take(1) == []
        await source.close()
    job = spooled("jobs", "show", made["id"], "--json").json

    assert (job["status"], job["attempts"]) == ("pending", 0)


def test_a_second_queue_that_is_refused(spooled: CommandLine) -> None:
    """What the first queue gave is done before the worker ends."""
    spooled("push", "first")
    ended = spooled("work", "first", "no such name!", "--concurrency", "3", "--json", "--", "true")

    assert ended.code == Exit.FAILED
    assert [told["outcome"] for told in ended.lines] == ["completed"]
