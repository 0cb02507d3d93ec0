"""The gRPC server of a long-lived process: the methods, health, reflection, and its limits."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from shared.core import Core
from shared.edge.rpc.answering import Answering
from shared.edge.rpc.method import RpcMethod
from shared.edge.rpc.work import Work
from shared.jobs.flights import attend_streams
from shared.settings import Settings

_PATIENCE_SECONDS = 10.0
_QUICKEST_PING_OF_A_CLIENT = 1_000
_STREAMS_OF_A_CONNECTION = 200
_METADATA_BYTES = 65_536
_LAST_ANSWERS_SECONDS = 1.0
_LAST_WORK_SECONDS = 10.0


class RpcServer:
    """Serves gRPC beside whatever else runs in the event loop.

    Shows the certificate of the settings, if there is one. It leaves the services of the core open.

    patience_seconds: after so long a silence a client is pinged; it may take so long to answer that, or to
        shake hands.
    """

    def __init__(
        self, core: Core, methods: Iterable[RpcMethod], *, patience_seconds: float = _PATIENCE_SECONDS
    ) -> None:
        self._core = core
        self._work = Work()
        self._attending: asyncio.Task[None] | None = None
        self._health = health.aio.HealthServicer()
        self._server = grpc.aio.server(
            options=_options(core.settings, int(patience_seconds * 1000)),
            maximum_concurrent_rpcs=core.settings.max_connections,
        )
        self._add(methods)

    def _add(self, methods: Iterable[RpcMethod]) -> None:
        handlers: defaultdict[str, dict[str, Any]] = defaultdict(dict)
        for method in methods:
            handlers[method.service][method.name] = Answering(method, self._core, self._work).handler()
        self._services = [*handlers, health.SERVICE_NAME, reflection.SERVICE_NAME]
        self._server.add_generic_rpc_handlers(
            [grpc.method_handlers_generic_handler(name, found) for name, found in handlers.items()]
        )
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        reflection.enable_server_reflection(self._services, self._server)

    async def start(self, address: str) -> int:
        """Listen on `host:port` and serve; the port, which the system chooses for 0.

        Raises OSError when nobody can listen there.
        """
        settings = self._core.settings
        try:
            if settings.tls_is_on:
                port = self._server.add_secure_port(address, _credentials(settings))
            else:
                port = self._server.add_insecure_port(address)
        except RuntimeError as error:
            raise OSError(f"gRPC cannot listen on {address}") from error
        await self._server.start()
        self._attending = asyncio.get_running_loop().create_task(attend_streams(self._core))
        for service in ("", *self._services):
            await self._health.set(service, health_pb2.HealthCheckResponse.SERVING)
        return port

    async def drain(self, seconds: float) -> None:
        """Give out no more jobs, and wait until those that streams gave out are settled: so long at most.

        Calls that settle jobs are served meanwhile; those that take or make some are refused.
        """
        await self._health.enter_graceful_shutdown()
        self._core.streams.end()
        self._core.wakeups.stir()
        await self._core.streams.ended(seconds)

    async def stop(self) -> None:
        """End every call, unary ones after a moment in which to answer; work that has begun is finished."""
        await self._server.stop(_LAST_ANSWERS_SECONDS)
        await self._work.done(_LAST_WORK_SECONDS)
        if self._attending is not None:
            self._attending.cancel()
            await asyncio.gather(self._attending, return_exceptions=True)


def _options(settings: Settings, patience_milliseconds: int) -> list[tuple[str, Any]]:
    return [
        ("grpc.max_receive_message_length", settings.max_body_bytes),
        ("grpc.max_send_message_length", -1),
        # One limit: between a soft and a hard one, calls are refused at random.
        ("grpc.max_metadata_size", _METADATA_BYTES),
        ("grpc.absolute_max_metadata_size", _METADATA_BYTES),
        ("grpc.max_concurrent_streams", _STREAMS_OF_A_CONNECTION),
        ("grpc.max_allowed_incoming_connections", settings.max_connections),
        ("grpc.keepalive_time_ms", patience_milliseconds),
        ("grpc.keepalive_timeout_ms", patience_milliseconds),
        # The one before is for a line that takes nothing; this, a minute by default, for a client that hangs.
        ("grpc.http2.ping_timeout_ms", patience_milliseconds),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.max_pings_without_data", 0),
        ("grpc.http2.min_ping_interval_without_data_ms", _QUICKEST_PING_OF_A_CLIENT),
        ("grpc.server_handshake_timeout_ms", patience_milliseconds),
        # A client opens no more streams than it was told, but its protection counts those that are ending.
        ("grpc.http.overload_protection", 0),
        # A port in use is an error, not a port to share.
        ("grpc.so_reuseport", 0),
    ]


def _credentials(settings: Settings) -> grpc.ServerCredentials:
    key, chain = (Path(file).read_bytes() for file in (settings.tls_key_file, settings.tls_certificate_file))
    return grpc.ssl_server_credentials([(key, chain)])
