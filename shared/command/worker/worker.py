"""The worker: takes jobs while it has room, and ends when it is told to and nothing runs."""

import asyncio
import signal
from collections import Counter
from contextlib import suppress
from datetime import datetime

from shared.command.connection import Connection
from shared.command.errors import CommandError
from shared.command.exits import Exit
from shared.command.output import Output
from shared.command.worker.plan import Plan
from shared.command.worker.presence import Presence
from shared.command.worker.run import Runner, Told
from shared.command.worker.service import WorkerService
from shared.command.worker.source import Source

EXIT_OF_SIGNAL = {
    signal.SIGINT: Exit.INTERRUPTED,
    signal.SIGTERM: Exit.TERMINATED,
    # Of a terminal that was closed.
    signal.SIGHUP: Exit.TERMINATED,
}


async def work(connection: Connection, plan: Plan, out: Output) -> Exit:
    """Work until there is a reason to end; raises CommandError for one that is no good."""
    return await _Worker(connection, plan, out).work()


class _Worker:
    def __init__(self, connection: Connection, plan: Plan, out: Output) -> None:
        self._counts: Counter[str] = Counter()
        self._plan = plan
        self._out = out
        self._stopping = asyncio.Event()
        self._running: set[asyncio.Task[Told]] = set()
        self._taken = 0
        self._is_told = False
        self._fault: CommandError | None = None
        self._exit = Exit.DONE
        self._service = WorkerService(connection, plan.worker_id)
        self._runner = Runner(self._service, plan, self._note)
        self._source = Source(self._service, plan, self._stopping, self._note, self._runner.give_back)
        self._presence = Presence(self._service, plan, self._stopping, lambda: len(self._running), self._note)

    async def work(self) -> Exit:
        loop = asyncio.get_running_loop()
        for sign in EXIT_OF_SIGNAL:
            # Whoever started it with `nohup` wants it to go on.
            if sign is not signal.SIGHUP or signal.getsignal(sign) is not signal.SIG_IGN:
                loop.add_signal_handler(sign, self._on_signal, sign)
        if self._plan.max_time is not None:
            loop.call_later(self._plan.max_time, self._stopping.set)
        try:
            await self._presence.begin()
            try:
                await self._take_jobs()
            except CommandError as error:
                self._fault = error
                self._stopping.set()
            await self._drain()
        finally:
            await self._source.close()
            await self._presence.end()
            await self._service.close()
        counted = ", ".join(f"{count} {outcome}" for outcome, count in self._counts.items())
        self._note(f"Ended: {counted or 'no jobs'}.")
        if self._fault:
            raise self._fault
        return self._exit

    def _on_signal(self, sign: signal.Signals) -> None:
        """The first takes no more jobs, the second gives those back that run."""
        if not self._is_told:
            self._is_told = True
            self._note(f"{sign.name}: no more jobs are taken; once more gives the running ones back.")
            self._stopping.set()
        elif not self._runner.at_once.is_set():
            self._note(f"{sign.name}: the running programs are stopped and their jobs given back.")
            self._runner.at_once.set()
            self._exit = EXIT_OF_SIGNAL[sign]

    async def _take_jobs(self) -> None:
        while not self._stopping.is_set():
            free = self._free()
            if free <= 0:
                await self._await_room()
                continue
            jobs = await self._source.take(free, self._running)
            for held in jobs:
                self._taken += 1
                self._running.add(asyncio.ensure_future(self._runner.run(held)))
            if self._taken == self._plan.max_jobs:
                self._stopping.set()
            elif not jobs and self._plan.stop_when_empty:
                # What runs may push more.
                if not self._running:
                    self._stopping.set()
                await self._await_room()
            self._reap()

    def _free(self) -> int:
        free = self._plan.concurrency - len(self._running)
        return free if self._plan.max_jobs is None else min(free, self._plan.max_jobs - self._taken)

    async def _await_room(self) -> None:
        """Until a program ends, or there is something else to see to."""
        stop = asyncio.ensure_future(self._stopping.wait())
        await asyncio.wait(
            [stop, *self._running, *self._source.waiting.values()], return_when=asyncio.FIRST_COMPLETED
        )
        stop.cancel()
        await self._source.shed()
        self._reap()

    async def _drain(self) -> None:
        while self._running:
            await asyncio.wait(
                [*self._running, *self._source.waiting.values()], return_when=asyncio.FIRST_COMPLETED
            )
            await self._source.shed()
            self._reap()

    def _reap(self) -> None:
        for task in [task for task in self._running if task.done()]:
            self._running.remove(task)
            try:
                told = task.result()
            except CommandError as error:
                # The next job would fare no better.
                self._fault = self._fault or error
                self._stopping.set()
            else:
                self._counts[told.outcome] += 1
                self._tell(told)

    def _note(self, text: str) -> None:
        # Who read the lines may be gone, and the terminal too; the jobs are not to suffer for it.
        with suppress(OSError):
            self._out.note(text)

    def _tell(self, told: Told) -> None:
        held, seconds = told.held, round(told.seconds, 3)
        with suppress(OSError):
            if self._out.as_json:
                self._out.line(
                    {
                        "job_id": held.id,
                        "queue": held.queue,
                        "attempt": held.attempt,
                        "outcome": told.outcome,
                        "seconds": seconds,
                        "error": told.error,
                    }
                )
            else:
                why = f": {told.error.splitlines()[0]}" if told.error else ""
                clock = datetime.now().astimezone().strftime("%H:%M:%S")
                said = f"{held.id} of {held.queue}, attempt {held.attempt}: {told.outcome}"
                self._out.say(f"{clock} {said} in {seconds} s{why}")
