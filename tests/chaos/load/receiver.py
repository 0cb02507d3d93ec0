"""Who is called by webhooks: it notes what it was sent, and refuses a part of it while that is wanted."""

import asyncio
import hashlib
import hmac
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.chaos.checker.facts import holds
from tests.chaos.load.desk import SECRET, Desk
from tests.chaos.plan import BAD_SECONDS, ROUND_SECONDS
from tests.support.line import Line, line_to
from tests.support.targets import OK, Received, Target, answering, listening

_REFUSED_SHARE = 0.03
_ERRORS = (500, 502, 503, 504)
_MOOD_SECONDS = BAD_SECONDS + 20.0
_BEHIND_SECONDS = 75.0
"""Within which what has failed once, as a delivery may at any time, has been sent again."""


@dataclass
class Receiver:
    """A target of webhooks behind a line.

    is_kind: it refuses nothing of its own accord any more. began: when the first round of faults did.
    """

    desk: Desk
    target: Target
    line: Line
    dice: random.Random
    is_kind: bool = False
    began: float = 0.0
    _refused: set[str] = field(default_factory=set)
    _troubles: int = 0
    _absence: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def be_away(self, seconds: float) -> None:
        """Dead for so long, and what it was about to answer stays unsaid."""
        async with self._absence:
            await self.target.die()
            await asyncio.sleep(seconds)
            await self.target.listen()

    async def be_in_trouble(self, seconds: float) -> None:
        """Answer 5xx to everybody for so long."""
        self._troubles += 1
        await asyncio.sleep(seconds)
        self._troubles -= 1

    def is_behind(self) -> bool:
        """Whether it was not told yet of a job that was completed some time ago."""
        records, latest = self.desk.log.records, self.desk.log.now() - _BEHIND_SECONDS
        done = {r["job"] for r in records if r["what"] == "complete" and holds(r) and r["ended"] < latest}
        told = {r["about"] for r in records if r["what"] == "called" and r["accepted"]}
        return not done <= told

    async def answer(self, writer: asyncio.StreamWriter) -> None:
        """Whatever comes, and note what that was."""
        received = self.target.requests.pop()
        refused = self._refuses(received.headers["x-spooled-delivery-id"])
        _note(self.desk, received, accepted=not refused)
        writer.write(answering(self.dice.choice(_ERRORS)) if refused else OK)
        await writer.drain()

    def _refuses(self, delivery: str) -> bool:
        if self._troubles:
            return True
        # A minute later it comes again, which is not to be in the next round.
        is_moody = not self.is_kind and (self.desk.log.now() - self.began) % ROUND_SECONDS < _MOOD_SECONDS
        if not is_moody or delivery in self._refused or self.dice.random() >= _REFUSED_SHARE:
            return False
        # Once: the third attempt would be five minutes after the second.
        self._refused.add(delivery)
        return True


@asynccontextmanager
async def receiving(desk: Desk, events: Sequence[str]) -> AsyncIterator[Receiver]:
    """A receiver that these events of the organization are sent to."""
    async with listening() as target, line_to(target.url) as line:
        receiver = Receiver(desk, target, line, desk.dice("receiver"))
        target.answer = receiver.answer
        body = {"name": "crash tests", "url": line.url, "events": list(events), "secret": SECRET}
        made = await desk.askers["a"].ask("webhook", "POST", "/outgoing-webhooks", body)
        assert made.outcome == "yes", made
        desk.log.write("webhook", webhook=made.body["id"], events=list(events), **made.times)
        yield receiver


def _note(desk: Desk, received: Received, *, accepted: bool) -> None:
    signed = received.headers["x-spooled-timestamp"].encode() + b"." + received.body
    right = "sha256=" + hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    body = received.json
    desk.log.write(
        "called",
        at=desk.log.now(),
        delivery=received.headers["x-spooled-delivery-id"],
        event=body["event"],
        about=_about(body["data"]),
        status=body["data"].get("status"),
        is_signed=hmac.compare_digest(right, received.headers.get("x-spooled-signature", "")),
        accepted=accepted,
        body=hashlib.sha256(received.body).hexdigest(),
    )


def _about(data: dict[str, str]) -> str | None:
    """What it tells of: the run of a schedule, a job or a workflow."""
    return data.get("job_id") or data.get("workflow_id")
