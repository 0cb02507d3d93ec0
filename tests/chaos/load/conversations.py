"""Workers over gRPC that ask and settle on one stream, on which each request is answered in its turn."""

import asyncio
from typing import Any

import grpc

from shared.wire.proto import spooled_pb2 as pb
from tests.chaos.load.asking import PATIENCE_SECONDS, UNKNOWN, YES, Answer, RpcAsker, answered_in_band, noted
from tests.chaos.load.desk import BULK, QUEUES, STREAMED, Desk
from tests.chaos.load.hands import LEASE_SECONDS, Held, fate, note, take
from tests.chaos.load.streams import as_json, settle

_AGAIN_SECONDS = 0.3
_MOST_TAKEN = 4
_WRITTEN_IN_VAIN = "Internal error from Core"


async def converse(desk: Desk, name: str) -> None:
    """Take and settle until cancelled; what a stream that broke leaves open is settled another way."""
    dice = desk.dice(name)
    while True:
        stream = _Stream(desk, name, desk.rpcs[dice.choice(sorted(desk.rpcs))])
        try:
            while not stream.is_over:
                held = await stream.take(dice.choice([*QUEUES, BULK, STREAMED]), dice.randint(1, _MOST_TAKEN))
                for one in held:
                    drawn = fate(desk, dice)
                    if not await stream.settle(one, drawn):
                        await settle(desk, dice, one, drawn)
                if not held:
                    await asyncio.sleep(_AGAIN_SECONDS)
        finally:
            stream.close("CANCELLED", "by the worker")


class _Stream:
    """An open one; `is_over` when it ended, however that came."""

    def __init__(self, desk: Desk, worker: str, asker: RpcAsker) -> None:
        self.is_over = False
        self._desk = desk
        self._worker = worker
        self._via = asker.via
        self._opened = desk.log.now()
        self._call = asker.rpc.open("ProcessJobs")

    async def take(self, queue: str, count: int) -> list[Held]:
        """Ask for jobs. An error is the end: it might be the answer to either of the two requests."""
        sent = self._desk.log.now()
        fields = {"queue_name": queue, "worker_id": self._worker, "lease_duration_secs": LEASE_SECONDS}
        await self._say(dequeue=fields | {"batch_size": count})
        # An empty queue has no answer: that to another request says that no job comes any more.
        await self._say(renew_lease={"job_id": "job_unknown", "worker_id": self._worker})
        held = []
        while (message := await self._next()) and message.HasField("job"):
            times = {"sent": sent, "ended": self._desk.log.now()}
            job = as_json(message.job)
            held.append(take(self._desk, job, self._worker, "claim", self._via, times, stream=self._opened))
        if message and message.error.code == "NOT_FOUND":
            message = pb.ProcessResponse()
        elif message:
            self.close("CANCELLED", message.error.message)
        self._noted("dequeue", message, sent)
        return held

    async def settle(self, held: Held, drawn: str) -> bool:
        """Do with it what was drawn; False if nobody knows whether it was done."""
        asked: dict[str, Any] = {"job_id": held.job, "worker_id": held.worker, "lease_id": held.lease}
        if drawn == "beat":
            answer = await self._ask("heartbeat", renew_lease=asked | {"extension_secs": LEASE_SECONDS})
            until = as_json(answer.body.renew_lease)["new_expires_at"] if answer.outcome == YES else None
            note(self._desk, "beat", held, self._via, answer, until=until)
        if drawn == "lose":
            return True
        if drawn in {"fail", "bury"}:
            is_buried = drawn == "bury"
            answer = await self._ask("fail", fail=asked | {"error": "on purpose", "retry": not is_buried})
            note(self._desk, "fail", held, self._via, answer, no_retry=is_buried)
        for _ in range({"fail": 0, "bury": 0, "complete twice": 2}.get(drawn, 1)):
            answer = await self._ask("complete", complete=asked | {"result": held.result()})
            note(self._desk, "complete", held, self._via, answer)
        return answer.outcome != UNKNOWN

    def close(self, ending: str, said: str) -> None:
        """Note how it ended, the first time."""
        if self.is_over:
            return
        self.is_over = True
        self._call.cancel()
        times = {"sent": self._opened, "ended": self._desk.log.now()}
        self._desk.log.write("stream", worker=self._worker, ending=ending, said=said, **times)

    async def _ask(self, op: str, **request: Any) -> Answer:
        sent = self._desk.log.now()
        await self._say(**request)
        return self._noted(op, await self._next(), sent)

    def _noted(self, op: str, message: pb.ProcessResponse | None, sent: float) -> Answer:
        answer = answered_in_band(message, sent, self._desk.log.now())
        return noted(self._desk.log, op, self._via, answer, "by its status")

    async def _say(self, **request: Any) -> None:
        if self.is_over:
            return
        try:
            await self._call.write(pb.ProcessRequest(**request))
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            await self._has_ended()

    async def _next(self) -> pb.ProcessResponse | None:
        """The next answer; None of a stream that is over."""
        if self.is_over:
            return None
        try:
            message = await asyncio.wait_for(self._call.read(), PATIENCE_SECONDS)
        except TimeoutError:
            self.close("CANCELLED", "nothing came")
        except grpc.aio.AioRpcError:
            await self._has_ended()
        else:
            if message is not grpc.aio.EOF:
                return message
            self.close("", "all requests were answered")
        return None

    async def _has_ended(self) -> None:
        code, said = (await self._call.code()).name, await self._call.details() or ""
        # What the library says when it wrote to a line that had broken: no word of the service.
        self.close("UNKNOWN" if said == _WRITTEN_IN_VAIN else code, said)
