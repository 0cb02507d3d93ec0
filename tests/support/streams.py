"""Streams of jobs, as the client that reads one sees them."""

import asyncio
from typing import Any

import grpc
import pytest

from shared.wire.proto import spooled_pb2 as pb
from tests.support.rpc import Rpc

SOON = 8
"""Seconds within which something comes that is on its way."""


def streaming(rpc: Rpc, metadata: Any = (), **fields: Any) -> Any:
    """An open stream of a queue's jobs."""
    request = pb.StreamJobsRequest(**{"queue_name": "emails", "worker_id": "w1"} | fields)
    return rpc.open("StreamJobs", request, metadata)


async def next_of(stream: Any) -> Any:
    """The next message that is sent."""
    message = await asyncio.wait_for(stream.read(), SOON)
    assert message is not grpc.aio.EOF
    return message


async def end_of(stream: Any) -> tuple[str, str]:
    """The status that the stream ends with, and its text."""
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await asyncio.wait_for(stream.read(), SOON)
    return raised.value.code().name, raised.value.details() or ""


async def asked(stream: Any, **request: Any) -> pb.ProcessResponse:
    """The one answer to a request on a ProcessJobs stream."""
    await stream.write(pb.ProcessRequest(**request))
    answer: pb.ProcessResponse = await next_of(stream)
    return answer


def dequeue(count: int = 1, **fields: Any) -> pb.DequeueRequest:
    return pb.DequeueRequest(**{"queue_name": "emails", "worker_id": "w1", "batch_size": count} | fields)
