"""Who is called by webhooks: it notes what it was sent, and refuses a part of it while that is wanted."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.chaos.load.desk import SECRET, Desk
from tests.support.targets import OK, Received, Target, listening

_REFUSED = b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"
_REFUSED_SHARE = 0.03


@dataclass
class Receiver:
    """A target of webhooks; `is_kind` when it refuses nothing any more."""

    target: Target
    is_kind: bool = False
    refused: set[str] = field(default_factory=set)


@asynccontextmanager
async def receiving(desk: Desk, events: Sequence[str]) -> AsyncIterator[Receiver]:
    """A receiver that these events of the organization are sent to."""
    async with listening() as target:
        receiver = Receiver(target)
        dice = desk.dice("receiver")

        async def answer(writer: asyncio.StreamWriter) -> None:
            received = target.requests.pop()
            delivery = received.headers["x-spooled-delivery-id"]
            refused = (
                not receiver.is_kind and delivery not in receiver.refused and dice.random() < _REFUSED_SHARE
            )
            if refused:
                # Once: the third attempt would be five minutes after the second.
                receiver.refused.add(delivery)
            _note(desk, received, accepted=not refused)
            writer.write(_REFUSED if refused else OK)
            await writer.drain()

        target.answer = answer
        body = {"name": "crash tests", "url": target.url, "events": list(events), "secret": SECRET}
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
