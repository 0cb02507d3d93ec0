"""Workers over gRPC: each reads a stream of jobs, opens it again when it ends, and settles over any way."""

import asyncio
import random
from typing import Any

import grpc
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from tests.chaos.load.asking import Answer
from tests.chaos.load.desk import STREAMED, Desk
from tests.chaos.load.hands import LEASE_SECONDS, Held, fate, settled, take
from tests.support.streams import streaming

_AGAIN_SECONDS = 0.3


async def work_on_stream(desk: Desk, name: str) -> None:
    """Read and settle, until cancelled."""
    dice = desk.dice(name)
    while True:
        opened = desk.log.now()
        ending = said = ""
        stream = streaming(
            desk.streams.rpc, queue_name=STREAMED, worker_id=name, lease_duration_secs=LEASE_SECONDS
        )
        try:
            while (job := await stream.read()) is not grpc.aio.EOF:
                times = {"sent": opened, "ended": desk.log.now()}
                held = take(desk, as_json(job), name, "stream", "streams", times, opened)
                await settle(desk, dice, held, fate(desk, dice))
        except grpc.aio.AioRpcError as error:
            ending, said = error.code().name, error.details() or ""
        finally:
            stream.cancel()
        desk.log.write("stream", worker=name, sent=opened, ended=desk.log.now(), ending=ending, said=said)
        await asyncio.sleep(_AGAIN_SECONDS)


def as_json(message: Message) -> dict[str, Any]:
    """A message by the names that the HTTP API uses."""
    return MessageToDict(message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)


async def settle(desk: Desk, dice: random.Random, held: Held, drawn: str) -> None:
    """Do with a job what was drawn, by calls of their own over gRPC or HTTP."""
    is_rpc = dice.random() < 0.7
    fields = {"job_id": held.job, "worker_id": held.worker, "lease_id": held.lease}
    asked = {"worker_id": held.worker, "lease_id": held.lease}

    async def attempt() -> tuple[str, Answer]:
        if is_rpc:
            if drawn in {"fail", "bury"}:
                failure = fields | {"error": "on purpose", "retry": drawn != "bury"}
                return "streams", await desk.streams.ask("Fail", "Fail", **failure)
            result = held.result()
            return "streams", await desk.streams.ask("Complete", "Complete", **fields, result=result)
        asker = desk.asker(dice)
        if drawn in {"fail", "bury"}:
            failure = asked | {"error": "on purpose", "no_retry": drawn == "bury"}
            return asker.via, await asker.ask("fail", "POST", f"/jobs/{held.job}/fail", failure)
        completion = asked | {"result": held.result()}
        return asker.via, await asker.ask("complete", "POST", f"/jobs/{held.job}/complete", completion)

    if drawn in {"fail", "bury"}:
        await settled(desk, "fail", held, attempt, no_retry=drawn == "bury")
    elif drawn != "lose":
        await settled(desk, "complete", held, attempt)
