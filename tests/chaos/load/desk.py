"""What all who make the load share: whom to ask, when to stop, and what is there to be done."""

import asyncio
import random
from collections import deque
from dataclasses import dataclass, field

from tests.chaos.load.asking import Asker, RpcAsker
from tests.chaos.log import Log

QUEUES = ("one", "two", "three")
"""Of plain jobs, for workers over HTTP."""
STREAMED = "streamed"
"""For workers over gRPC."""
BULK = "bulk"
"""Of plain jobs too, which acts on many cancel and retry, and nobody else."""
STEPS = "steps"
RECURRING = "recurring"
REST_QUEUES = (*QUEUES, BULK, STEPS, RECURRING)
EVENTS = (
    "job.completed",
    "job.deadlettered",
    "job.cancelled",
    "job.retried",
    "workflow.completed",
    "workflow.failed",
    "schedule.triggered",
)
SECRET = "whsec-of-the-crash-tests"


@dataclass
class Desk:
    """What the tasks of the load share.

    is_open: new work is made.
    is_calm: workers fail nothing and lose nothing, so that all comes to its end.
    pushed: ids of jobs that were acknowledged lately, for whoever cancels one.
    keys: idempotency keys that were used lately, for whoever sends them again.
    """

    log: Log
    seed: int
    askers: dict[str, Asker]
    rpcs: dict[str, RpcAsker]
    is_open: bool = True
    is_calm: bool = False
    pushed: deque[str] = field(default_factory=lambda: deque(maxlen=50))
    keys: deque[str] = field(default_factory=lambda: deque(maxlen=50))
    _closing: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def streams(self) -> RpcAsker:
        """The process of the streams."""
        return self.rpcs["streams"]

    def dice(self, name: str) -> random.Random:
        """Of one task: what it decides does not depend on the others."""
        return random.Random(f"{name} {self.seed}")

    def asker(self, dice: random.Random) -> Asker:
        """Any of the processes."""
        return self.askers[dice.choice(sorted(self.askers))]

    def close(self) -> None:
        """No more new work."""
        self.is_open = False
        self._closing.set()

    async def pause(self, seconds: float) -> None:
        """Between two acts of who makes work; cut short at the end."""
        try:
            await asyncio.wait_for(self._closing.wait(), seconds)
        except TimeoutError:
            return
