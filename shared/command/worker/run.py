"""One job, from the start of its program to what became of it."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from shared.command.errors import CommandError
from shared.command.worker.environment import environment_of, input_of, timeout_of
from shared.command.worker.lease import Lease
from shared.command.worker.plan import Plan
from shared.command.worker.program import Program, show_on_stderr
from shared.command.worker.report import Outcome, result_of, settle, verdict_of
from shared.command.worker.service import Held, WorkerService

Note = Callable[[str], None]


@dataclass(frozen=True)
class Told:
    """A job that is over for this worker."""

    held: Held
    outcome: Outcome
    seconds: float
    """From the start of the program to its end."""
    error: str | None = None


class Runner:
    """Runs jobs, several at once."""

    def __init__(self, service: WorkerService, plan: Plan, note: Note) -> None:
        self.at_once = asyncio.Event()
        """Set when the running programs are to be stopped and their jobs given back."""
        self._service = service
        self._plan = plan
        self._note = note

    async def run(self, held: Held) -> Told:
        """Run the program for a job, and report it.

        Raises CommandError when the program cannot be started; the job is given back then.
        """
        lease = Lease(self._service, held, self._plan.lease)
        keeping = asyncio.ensure_future(lease.keep())
        started = time.monotonic()
        try:
            program = await self._start(held)
            allowed = timeout_of(held, self._plan)
            is_over = await self._until_over(program, lease, allowed)
            ended = await program.ended()
            seconds = time.monotonic() - started
            if not is_over and lease.lost.is_set():
                return Told(held, Outcome.LOST, seconds)
            if not is_over and self.at_once.is_set():
                return Told(held, await self.give_back(held), seconds)
            verdict = verdict_of(ended, self._plan, overtime=None if is_over else allowed)
            if verdict.error is None and ended.output and result_of(ended) is None:
                # It was no result, so it was meant to be read.
                show_on_stderr(self._head(held))(ended.output.rstrip(b"\n") + b"\n")
            outcome = await settle(self._service, lease, verdict, self._note)
            return Told(held, outcome, seconds, verdict.error)
        finally:
            keeping.cancel()

    async def give_back(self, held: Held) -> Outcome:
        """Release a job; one that cannot be comes back when its lease ends."""
        with suppress(CommandError):
            await self._service.release(held)
            return Outcome.RELEASED
        return Outcome.LOST

    async def _start(self, held: Held) -> Program:
        plan = self._plan
        try:
            return await Program.start(
                plan.program,
                input_of(held, plan),
                environment_of(held, plan),
                show_on_stderr(self._head(held)),
            )
        except OSError as error:
            await self.give_back(held)
            raise CommandError(f"{plan.program[0]} cannot be started: {error.strerror or error}") from error

    async def _until_over(self, program: Program, lease: Lease, allowed: float) -> bool:
        """Whether the program ended by itself; otherwise it is stopped now, with all that it started."""
        ending = asyncio.ensure_future(program.over())
        ends = [asyncio.ensure_future(event.wait()) for event in (lease.lost, self.at_once)]
        await asyncio.wait([ending, *ends], timeout=allowed, return_when=asyncio.FIRST_COMPLETED)
        for end in ends:
            end.cancel()
        if ending.done():
            return True
        await program.stop(self._plan.grace)
        await ending
        return False

    def _head(self, held: Held) -> str:
        """Before each line that a program says, where several say something."""
        return f"[{held.id}] " if self._plan.concurrency > 1 else ""
