"""The gRPC server of a process."""

import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from shared.core import Core
from shared.edge.process.port import bound_address, grpc_port
from shared.edge.rpc import RpcMethod, RpcServer


@asynccontextmanager
async def serving_rpc(core: Core, methods: Iterable[RpcMethod], opened: socket.socket) -> AsyncIterator[None]:
    """Serve on the claimed port until the block ends, and then drain for as long as the settings say.

    Raises StartError when the port is taken after all.
    """
    settings = core.settings
    server = RpcServer(core, methods)
    address = bound_address(opened)
    # gRPC takes no socket that is open already: the port is let go of, and taken again at once.
    opened.close()
    try:
        await server.start(address)
    except OSError as error:
        raise grpc_port(settings.grpc_port).is_refused(settings.host, error) from error
    try:
        yield
    finally:
        await server.drain(settings.drain_seconds)
        await server.stop()
