"""A gRPC client made from our own `spooled.proto`, and the server it asks, in the test's own process."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2, health_pb2_grpc

from shared.core import Core
from shared.edge.rpc import RpcMethod, RpcServer
from shared.wire.proto import spooled_pb2 as pb

_SERVICE_OF = {
    method.name: service for service in pb.DESCRIPTOR.services_by_name.values() for method in service.methods
}
_KINDS = {
    (False, False): "unary_unary",
    (False, True): "unary_stream",
    (True, True): "stream_stream",
}


@dataclass(frozen=True)
class Rpc:
    """Calls with one credential, or none; an error is raised as `grpc.aio.AioRpcError`."""

    channel: grpc.aio.Channel
    key: str = ""

    def open(
        self, name: str, request: Any = None, metadata: Iterable[tuple[str, str]] = (), **options: Any
    ) -> Any:
        """The call of a method, begun: to be awaited, iterated, written to or cancelled."""
        described = _SERVICE_OF[name].methods_by_name[name]
        kind = _KINDS[described.client_streaming, described.server_streaming]
        begin = getattr(self.channel, kind)(
            f"/{described.containing_service.full_name}/{name}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=GetMessageClass(described.output_type).FromString,
        )
        credential = [("x-api-key", self.key)] if self.key else []
        options["metadata"] = [*credential, *metadata]
        return begin(**options) if described.client_streaming else begin(request, **options)

    async def call(self, name: str, metadata: Iterable[tuple[str, str]] = (), /, **fields: Any) -> Any:
        """The answer of a unary method."""
        described = _SERVICE_OF[name].methods_by_name[name]
        request: Any = GetMessageClass(described.input_type)(**fields)
        return await self.open(name, request, metadata, timeout=20)

    async def refusal(
        self, name: str, metadata: Iterable[tuple[str, str]] = (), /, **fields: Any
    ) -> "Refusal":
        """The status that a unary method ends with instead of an answer."""
        try:
            answer = await self.call(name, metadata, **fields)
        except grpc.aio.AioRpcError as error:
            return Refusal(error.code().name, error.details() or "", dict(error.trailing_metadata()))
        raise AssertionError(answer)

    def with_key(self, key: str) -> "Rpc":
        return Rpc(self.channel, key)


@dataclass(frozen=True)
class Refusal:
    """How a call failed."""

    code: str
    text: str
    trailers: dict[str, Any]


def health_of(channel: grpc.Channel, service: str = "") -> str:
    """What the standard health service says, by its name."""
    request = health_pb2.HealthCheckRequest(service=service)
    answer = health_pb2_grpc.HealthStub(channel).Check(request, timeout=20)
    return health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)


@asynccontextmanager
async def rpc_served(core: Core, methods: Iterable[RpcMethod], **options: Any) -> AsyncIterator[str]:
    """The address of a server of these methods."""
    server = RpcServer(core, methods, **options)
    try:
        yield f"127.0.0.1:{await server.start('127.0.0.1:0')}"
    finally:
        await server.stop()


@asynccontextmanager
async def rpc_client(
    address: str, key: str = "", options: Iterable[tuple[str, Any]] = ()
) -> AsyncIterator[Rpc]:
    """A client with a connection of its own."""
    own = ("grpc.use_local_subchannel_pool", 1)
    async with grpc.aio.insecure_channel(address, options=[own, *options]) as channel:
        yield Rpc(channel, key)
