"""Making a plan come true in a world."""

import asyncio
import os
import random
import signal
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tests.chaos.load.receiver import Receiver
from tests.chaos.log import Log
from tests.chaos.plan import RECEIVER, WEBHOOKS, Fault
from tests.chaos.world import World
from tests.support.line import Line

_SLOW_SECONDS = 0.08
"""How late each part is on a slow link."""
_AGAIN_SECONDS = 0.05
"""Between two looks for new connections of those that are to break, where each is for one request."""


class Misfortune:
    """What happens to a world by a plan, noted in the log; at the end everything is mended."""

    def __init__(self, world: World, receiver: Receiver, log: Log, seed: int) -> None:
        self._world = world
        self._receiver = receiver
        self._log = log
        self._dice = random.Random(f"faults {seed}")
        self._down: dict[str, asyncio.Lock] = {name: asyncio.Lock() for name in world.servers}

    async def strike(self, faults: Sequence[Fault]) -> None:
        """Each at its time after now, beside the others; returns when the last is mended."""
        began = self._receiver.began = self._log.now()
        async with asyncio.TaskGroup() as all_of_them:
            for fault in faults:
                await asyncio.sleep(max(0.0, began + fault.at - self._log.now()))
                all_of_them.create_task(self._happen(fault))
        await self._world.until_ready()

    async def _happen(self, fault: Fault) -> None:
        if fault.target in {RECEIVER, WEBHOOKS} and self._receiver.is_behind():
            # It would meet attempts that have failed before, of which the next is half an hour away.
            return
        at = self._log.now()
        if fault.kind == "kill":
            await self._kill(fault)
        elif fault.kind == "freeze":
            process = self._world.processes[fault.target]
            process.send(signal.SIGSTOP)
            await asyncio.sleep(fault.seconds)
            process.send(signal.SIGCONT)
        elif fault.kind == "error":
            await self._receiver.be_in_trouble(fault.seconds)
        else:
            await self._cut(fault)
        self._log.write("fault", at=at, mended=self._log.now(), **_named(fault))

    async def _cut(self, fault: Fault) -> None:
        to_receiver = fault.target == WEBHOOKS
        lines = [self._receiver.line] if to_receiver else self._world.lines(fault.target)
        end = self._log.now() + fault.seconds
        for line in lines:
            _break(line, fault.kind)
        if to_receiver and fault.kind in {"reset", "mute", "lose"}:
            while self._log.now() < end:
                await asyncio.sleep(_AGAIN_SECONDS)
                _break(self._receiver.line, fault.kind)
        else:
            await asyncio.sleep(fault.seconds)
        for line in lines:
            _mend(line, fault)

    async def _kill(self, fault: Fault) -> None:
        if fault.target in self._world.processes:
            self._world.processes[fault.target].kill(fault.seconds)
            return
        if fault.target == "backend":
            self._kill_backend()
            return
        if fault.target == RECEIVER:
            await self._receiver.be_away(fault.seconds)
            return
        server = self._world.servers[fault.target]
        async with self._down[fault.target]:
            server.die()
            await asyncio.sleep(fault.seconds)
            await asyncio.to_thread(server.come_back)

    def _kill_backend(self) -> None:
        # One that has just ended is as good as killed.
        with suppress(ProcessLookupError, FileNotFoundError):
            serving = backends(self._world.servers["postgres"].pid)
            if serving:
                os.kill(self._dice.choice(serving), signal.SIGKILL)


def backends(postmaster: int) -> list[int]:
    """The processes of PostgreSQL's that serve a client, in order."""
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text(encoding="ascii").split()
    return [int(pid) for pid in children if b": spooled spooled" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def _break(line: Line, kind: str) -> None:
    match kind:
        case "reset":
            line.reset()
        case "refuse":
            line.refuses = True
            line.reset()
        case "hold":
            line.hold()
        case "slow":
            line.delay_seconds = _SLOW_SECONDS
        case "mute":
            line.go_mute()
        case "lose":
            line.lose_answers()


def _mend(line: Line, fault: Fault) -> None:
    match fault.kind:
        case "mute" | "lose" if fault.target.startswith("client-"):
            # A client of ours would wait for a minute, as it would for a service that forgot it.
            line.reset()
        case "refuse":
            line.refuses = False
        case "hold":
            line.let_go()
        case "slow":
            line.delay_seconds = 0.0


def _named(fault: Fault) -> dict[str, object]:
    return {"kind": fault.kind, "target": fault.target, "planned": fault.at, "seconds": fault.seconds}
