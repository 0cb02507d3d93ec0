"""A stream in both directions: each request is answered in its turn, and an error is an answer too."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import replace
from datetime import UTC
from typing import Any

from shared.edge.rpc.call import RpcCall
from shared.edge.rpc.credential import count
from shared.edge.rpc.status import status_of
from shared.errors import LeaseExpiredError
from shared.events.in_flight import Flight
from shared.jobs.stream import Handed, Proven
from shared.limits.open_streams import EndingError, OpenStream
from shared.wire.proto import spooled_pb2 as pb

Answer = Callable[[RpcCall, pb.ProcessRequest], Coroutine[Any, Any, Sequence[pb.ProcessResponse]]]


class _Listening:
    """Waits for what the client says next, or for news of the stream."""

    def __init__(self, requests: AsyncIterator[pb.ProcessRequest], stream: OpenStream) -> None:
        self._requests = requests
        self._stream = stream
        self._reading: asyncio.Task[pb.ProcessRequest] | None = None

    async def has_heard(self) -> bool:
        """Whether the client said something: with False there is news."""
        if self._reading is None:
            self._reading = asyncio.ensure_future(self._next())
        news = asyncio.ensure_future(self._stream.news.wait())
        try:
            await asyncio.wait({self._reading, news}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            news.cancel()
        return self._reading.done()

    async def taken(self) -> pb.ProcessRequest:
        """What it said; StopAsyncIteration when that was all."""
        reading, self._reading = self._reading, None
        assert reading is not None
        return await reading

    def close(self) -> None:
        if self._reading is not None:
            self._reading.cancel()

    async def _next(self) -> pb.ProcessRequest:
        return await anext(self._requests)


async def conversation(
    call: RpcCall, requests: AsyncIterator[pb.ProcessRequest], answer: Answer
) -> AsyncGenerator[pb.ProcessResponse, None]:
    """The answers to the requests; each request costs a token of the rate, as a call does.

    Ends with the requests. Raises EndingError once the process is to end and what was taken on this stream is
    settled, UnauthorizedError and ForbiddenError when the credential is good no more, and StreamLimitError.
    """
    core, proven = call.core, Proven(call.core, call.caller, call.prove, call.changes)
    async with core.streams.opened(call.caller.org_id) as stream:
        handed, listening = Handed(core, stream, is_given_back=call.gives_back), _Listening(requests, stream)
        try:
            while True:
                stream.news.clear()
                call.caller = await proven.caller()
                if handed.are_settled() and core.streams.is_ending:
                    raise EndingError
                if not await listening.has_heard():
                    continue
                try:
                    answers = await _answers(call, listening, answer)
                except StopAsyncIteration:
                    return
                except Exception as error:  # noqa: BLE001 - whatever it is, the client is told
                    answers = [_refusal(error, call)]
                for flight, response in [(_hold(handed, response), response) for response in answers]:
                    yield response
                    handed.sent(flight)
        finally:
            listening.close()
            await handed.end(call.caller)


async def _answers(call: RpcCall, listening: _Listening, answer: Answer) -> Sequence[pb.ProcessResponse]:
    """What is begun is finished though the client goes."""
    now = call.core.clock()
    request = await listening.taken()
    await count(call.core, call.caller, now)
    if call.core.streams.is_ending and request.HasField("dequeue"):
        raise EndingError
    return await asyncio.shield(call.run_to_its_end(answer(replace(call, now=now), request)))


def _hold(handed: Handed, response: pb.ProcessResponse) -> Flight | None:
    job = response.job
    if not response.HasField("job"):
        return None
    return handed.hold(job.id, job.lease_id, job.started_at.ToDatetime(UTC))


def _refusal(error: Exception, call: RpcCall) -> pb.ProcessResponse:
    """An error as an answer: its code is that of a call which fails, but for a lost lease."""
    status = status_of(error, "ProcessJobs", call.metadata, call.request_id)
    code = error.code if isinstance(error, LeaseExpiredError) else status.code.name
    return pb.ProcessResponse(error=pb.ErrorResponse(code=code, message=status.text))
