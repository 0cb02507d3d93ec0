"""From a call to its answer: credential, right, rate, input, the method, errors. The same for all."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import grpc
from google.protobuf.message import DecodeError, Message

from shared.core import Core
from shared.edge.respond import request_id_of
from shared.edge.rpc.call import RpcCall
from shared.edge.rpc.credential import count, metadata_of, prove
from shared.edge.rpc.method import RpcMethod
from shared.edge.rpc.requests import Requests
from shared.edge.rpc.status import REQUEST_ID, status_of
from shared.edge.rpc.work import Work
from shared.errors import InvalidInputError
from shared.limits.fair import places_of
from shared.limits.open_streams import EndingError

if TYPE_CHECKING:
    from shared.tenants.caller import Caller

Context = grpc.aio.ServicerContext[bytes, bytes]
Handler = asyncio.Task[Any] | None


class Answering:
    """Answers the calls of one method.

    Messages come as bytes and leave as bytes: what cannot be read is refused in the same way as all else.
    """

    def __init__(self, method: RpcMethod, core: Core, work: Work) -> None:
        self._method = method
        self._core = core
        self._work = work

    def handler(self) -> Any:
        """What gRPC wants to have of a method."""
        if not self._method.streams_answers:
            return grpc.unary_unary_rpc_method_handler(self._unary)
        if self._method.streams_requests:
            return grpc.stream_stream_rpc_method_handler(self._stream)
        return grpc.unary_stream_rpc_method_handler(self._stream)

    async def _unary(self, raw: bytes, context: Context) -> bytes:
        """A change that has begun is finished, whether or not the client still waits for its answer."""
        answers: list[bytes] = []
        trailers: dict[str, str] = {}
        answering = self._answer(raw, context, answers, trailers, asyncio.current_task())
        await self._run(context, self._work.shielded(answering), trailers)
        return answers[0]

    async def _answer(
        self,
        raw: bytes,
        context: Context,
        answers: list[bytes],
        trailers: dict[str, str],
        handler: Handler,
    ) -> None:
        call = await self._call(context, trailers, handler)
        with await self._core.fair.take(call.caller.org_id, _when_done(handler), cost=places_of(len(raw))):
            if await call.client_is_gone():
                return  # whoever asked believes by now that it was not done
            answer = await self._method.function(call, request=self._read(raw))
        answers.append(answer.SerializeToString())

    async def _stream(self, sent: Any, context: Context) -> None:
        with self._work.counted():
            await self._run(context, self._answers(sent, context), {})

    async def _answers(self, sent: Any, context: Context) -> None:
        call = await self._call(context, {}, asyncio.current_task())
        what = (
            {"requests": Requests(context.read, self._read)}
            if self._method.streams_requests
            else {"request": self._read(sent)}
        )
        async with aclosing(self._method.function(call, **what)) as answers:
            async for answer in answers:
                await context.write(answer.SerializeToString())

    async def _run(self, context: Context, work: Coroutine[Any, Any, None], trailers: dict[str, str]) -> None:
        """Do the work of a call; every error becomes a status."""
        metadata = metadata_of(context.invocation_metadata())
        request_id = request_id_of(metadata)
        try:
            await work
        except Exception as error:  # noqa: BLE001 - whatever it is, there is a status
            status = status_of(error, self._method.path, metadata, request_id)
            self._count(status.code)
            await context.abort(status.code, status.text, status.trailers)
        self._count(grpc.StatusCode.OK)
        context.set_trailing_metadata(((REQUEST_ID, request_id), *trailers.items()))

    async def _call(self, context: Context, trailers: dict[str, str], handler: Handler) -> RpcCall:
        core, method = self._core, self._method
        metadata = metadata_of(context.invocation_metadata())
        now = core.clock()

        async def prove_again() -> "Caller":
            return await prove(core, method.scope, metadata, core.clock())

        async def client_is_gone() -> bool:
            # gRPC cancels the task of a call whose client went, and says so nowhere else.
            return handler is not None and handler.cancelling() > 0

        changes = core.key_cache.changes
        caller = await prove(core, method.scope, metadata, now)
        await count(core, caller, now)
        if core.streams.is_ending and not method.while_draining:
            raise EndingError
        return RpcCall(
            core=core,
            caller=caller,
            now=now,
            request_id=request_id_of(metadata),
            metadata=metadata,
            client_is_gone=client_is_gone,
            run_to_its_end=self._work.start,
            prove=prove_again,
            changes=changes,
            trailers=trailers,
        )

    def _read(self, raw: bytes) -> Message:
        try:
            return self._method.request.FromString(raw)
        except DecodeError:
            name = self._method.request.DESCRIPTOR.name
            raise InvalidInputError(
                f"This is no {name}: it cannot be read, or is nested deeper than protobuf allows."
            ) from None

    def _count(self, code: grpc.StatusCode) -> None:
        self._core.tally.requests["gRPC", self._method.path, code.value[0]] += 1


def _when_done(handler: Handler) -> "Callable[[Callable[[], None]], None] | None":
    """The task of a call ends when its client goes."""
    if handler is None:
        return None
    return lambda leave: handler.add_done_callback(lambda _: leave())
