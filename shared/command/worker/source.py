"""Where jobs come from: several queues, in the order that they were named."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from shared.command.errors import ApiError, CommandError
from shared.command.patience import pause_before
from shared.command.worker.plan import Plan
from shared.command.worker.service import Held, WorkerService

LAST_ANSWER = 1.0
"""Seconds for an answer that is on its way when no more jobs are taken: there may be one in it."""
Note = Callable[[str], None]
GiveBack = Callable[[Held], Awaitable[object]]


async def rest(until: asyncio.Event, seconds: float) -> None:
    """Sleep, but not past the event."""
    waiting = asyncio.ensure_future(until.wait())
    await asyncio.wait([waiting], timeout=seconds)
    waiting.cancel()


def may_pass(error: CommandError) -> bool:
    """Whether it is worth trying again."""
    return not isinstance(error, ApiError) or error.may_pass


class Source:
    """Takes jobs, waiting for them at the service and not here."""

    def __init__(
        self, service: WorkerService, plan: Plan, stopping: asyncio.Event, note: Note, give_back: GiveBack
    ) -> None:
        self._service = service
        self._plan = plan
        self._stopping = stopping
        self._note = note
        self._give_back = give_back
        self._is_away = False
        self._fault: CommandError | None = None
        self.waiting: dict[str, asyncio.Task[list[Held]]] = {}
        """A request for each queue that has nothing due."""

    async def take(self, free: int, running: Iterable["asyncio.Task[Any]"] = ()) -> list[Held]:
        """At most `free` jobs; none when there were none for a while, when no more are to be taken, or when
        one that is `running` ended first.

        Raises CommandError when the service will not give any, once those that it gave have been returned.
        """
        jobs = self._arrived()
        if not jobs and not self._fault:
            jobs = await self._ask(free, running)
        if not jobs and self._fault:
            raise self._fault
        for surplus in jobs[free:]:
            await self._give_back(surplus)
        return jobs[:free]

    async def _ask(self, free: int, running: Iterable["asyncio.Task[Any]"]) -> list[Held]:
        is_single = len(self._plan.queues) == 1
        if self._plan.stop_when_empty or not is_single:
            jobs = await self._sweep(free)
            if jobs or self._fault or self._plan.stop_when_empty:
                return jobs
        await self._wait(free if is_single else 1, running)
        return self._arrived()

    async def shed(self) -> None:
        """Give back what came while there was no room: two queues had a job at the same moment."""
        for held in self._arrived():
            await self._give_back(held)

    async def close(self) -> None:
        """Ask no more. What a request under way brings is given back: nobody would know of it."""
        if self.waiting:
            await asyncio.wait(self.waiting.values(), timeout=LAST_ANSWER)
        await self.shed()
        for task in self.waiting.values():
            task.cancel()
        await asyncio.gather(*self.waiting.values(), return_exceptions=True)

    def _arrived(self) -> list[Held]:
        jobs: list[Held] = []
        for queue in [queue for queue, task in self.waiting.items() if task.done()]:
            try:
                jobs += self.waiting.pop(queue).result()
            except CommandError as error:
                self._fault = error
        return jobs

    async def _sweep(self, free: int) -> list[Held]:
        """What is due, of the first queue before the second; who waits at a queue knows that nothing is."""
        jobs: list[Held] = []
        for queue in self._plan.queues:
            if queue in self.waiting or len(jobs) >= free or self._stopping.is_set():
                continue
            try:
                jobs += await self._claim(queue, free - len(jobs), 0)
            except CommandError as error:
                self._fault = error
                break
        return jobs

    async def _wait(self, limit: int, running: Iterable["asyncio.Task[Any]"]) -> None:
        for queue in self._plan.queues:
            if queue not in self.waiting:
                claiming = self._claim(queue, limit, self._plan.wait)
                self.waiting[queue] = asyncio.ensure_future(claiming)
        stop = asyncio.ensure_future(self._stopping.wait())
        await asyncio.wait([stop, *running, *self.waiting.values()], return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()

    async def _claim(self, queue: str, limit: int, wait: float) -> list[Held]:
        """While the service is away, ask again and again."""
        tries = 1
        while not self._stopping.is_set():
            try:
                jobs = await self._service.claim(queue, limit, self._plan.lease, wait)
            except CommandError as error:
                if not may_pass(error):
                    raise
                tries += 1
                self._tell_away(error)
                await rest(self._stopping, pause_before(tries, error))
            else:
                self._tell_back()
                return jobs
        return []

    def _tell_away(self, error: CommandError) -> None:
        if not self._is_away:
            self._note(f"{error.message} Trying again until it answers.")
        self._is_away = True

    def _tell_back(self) -> None:
        if self._is_away:
            self._note("The service answers again.")
        self._is_away = False
