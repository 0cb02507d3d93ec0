"""The connection below the calls: what it is asked on it, its limits, and what is no gRPC at all."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from time import monotonic

import grpc
import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from functions.streams.app import every_method
from shared.core import Core
from shared.edge.rpc import RpcServer
from shared.wire.proto import spooled_pb2 as pb
from tests.support.api import Tenant
from tests.support.certificates import make_certificate
from tests.support.raw_http2 import ACK, PING, SETTINGS, RawHttp2
from tests.support.rpc import Rpc, rpc_client, rpc_served

SERVICES = ["spooled.v1.QueueService", "spooled.v1.WorkerService"]
MOST_STREAMS = 3
PACE_SECONDS = 1.2


async def test_health_is_asked_without_a_credential(rpc: Rpc) -> None:
    """The service as a whole and each of its services are SERVING; one that there is not is unknown."""
    stub = health_pb2_grpc.HealthStub(rpc.channel)
    for name in ["", *SERVICES]:
        answer = await stub.Check(health_pb2.HealthCheckRequest(service=name))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stub.Check(health_pb2.HealthCheckRequest(service="nobody.Knows"))
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND


async def test_health_is_watched(core: Core) -> None:
    """Who watches is told when the server begins to end."""
    server = RpcServer(core, every_method())
    address = f"127.0.0.1:{await server.start('127.0.0.1:0')}"
    async with rpc_client(address) as client:
        watching = health_pb2_grpc.HealthStub(client.channel).Watch(health_pb2.HealthCheckRequest())
        first = await watching.read()
        draining = asyncio.ensure_future(server.drain(5))
        second = await watching.read()
        watching.cancel()
        await draining
    await server.stop()

    assert first.status == health_pb2.HealthCheckResponse.SERVING
    assert second.status == health_pb2.HealthCheckResponse.NOT_SERVING


async def test_reflection_shows_the_interface(rpc: Rpc) -> None:
    """A tool without our `.proto` learns services and messages from the server, without a credential."""
    stub = reflection_pb2_grpc.ServerReflectionStub(rpc.channel)
    questions = [
        reflection_pb2.ServerReflectionRequest(list_services=""),
        reflection_pb2.ServerReflectionRequest(file_containing_symbol=SERVICES[0]),
    ]
    listed, described = [answer async for answer in stub.ServerReflectionInfo(iter(questions))]

    names = {service.name for service in listed.list_services_response.service}
    file = FileDescriptorProto.FromString(described.file_descriptor_response.file_descriptor_proto[0])
    assert {*SERVICES, "grpc.health.v1.Health"} < names
    assert [service.name for service in file.service] == ["QueueService", "WorkerService"]


@pytest.mark.parametrize("path", ["/spooled.v1.QueueService/Nothing", "/nobody.Knows/It", "/x"])
async def test_a_method_that_there_is_not(rpc: Rpc, path: str) -> None:
    """It is UNIMPLEMENTED, whoever asks."""
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await rpc.channel.unary_unary(path)(b"")

    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize(
    "raw", [b"\xff" * 20, b"\x0a\x05abc", b"\x0a\x02\xc3\x28", os.urandom(1000) + b"\xff"]
)
async def test_bytes_that_are_no_message(rpc: Rpc, raw: bytes) -> None:
    """What cannot be read is INVALID_ARGUMENT, with the name of what was expected and no trace."""
    call = rpc.channel.unary_unary("/spooled.v1.QueueService/Enqueue")
    with pytest.raises(grpc.aio.AioRpcError, match="no EnqueueRequest") as refused:
        await call(raw, metadata=[("x-api-key", rpc.key)])

    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_a_message_over_the_limit(core: Core, org: Tenant) -> None:
    """Beyond the setting `max_body_bytes` a message is refused, packed small or not; below, it passes."""
    limited = replace(core, settings=core.settings.model_copy(update={"max_body_bytes": 500_000}))
    async with rpc_served(limited, every_method()) as address, rpc_client(address, org.key) as client:
        await client.call("Enqueue", queue_name="emails", payload={"text": "x" * 499_000})
        too_large = pb.EnqueueRequest(queue_name="emails", payload={"text": "x" * 500_001})
        for packing in (grpc.Compression.NoCompression, grpc.Compression.Gzip):
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await client.open("Enqueue", too_large, compression=packing)
            assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
            assert "limit reached" not in (refused.value.details() or "")
        await client.call("Enqueue", queue_name="emails")

    assert (await org.get("/jobs/stats"))["pending"] == 2


async def test_streams_of_one_connection(rpc_address: str) -> None:
    """A connection carries 200 calls at once, and the client is told so before its first."""
    connection = await RawHttp2.open(rpc_address)
    settings = (await connection.next(SETTINGS)).settings
    await connection.close()

    assert settings[MOST_STREAMS] == 200


async def test_a_quiet_connection_is_pinged(impatient_address: str) -> None:
    """After a silence the server asks whether the client is there, and hangs up when it does not answer."""
    async with asyncio.timeout(60):
        connection = await RawHttp2.open(impatient_address)
        began = monotonic()
        await connection.next(PING)
        asked = monotonic() - began
        with pytest.raises(EOFError):
            await connection.next(PING)
        await connection.close()

    assert 1 < asked < 5


async def test_a_client_that_pings_is_not_sent_away(rpc_address: str) -> None:
    """A client that looks every other second whether the service is there is no burden: all are answered."""
    connection = await RawHttp2.open(rpc_address)
    for _ in range(5):
        await connection.ping()
        answer = await connection.next(PING)
        assert answer.flags == ACK
        await asyncio.sleep(PACE_SECONDS)
    await connection.close()


@asynccontextmanager
async def said(address: str, *words: bytes) -> AsyncIterator[asyncio.StreamReader]:
    """A connection on which something was said."""
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    for word in words:
        writer.write(word)
    try:
        yield reader
    finally:
        writer.close()


GARBAGE = pytest.mark.parametrize(
    "words",
    [
        os.urandom(4096),
        b"\x00" * 10_000,
        b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 500,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200,
    ],
    ids=["random", "zeros", "http1", "frames", "tls"],
)


@GARBAGE
async def test_garbage_ends_its_own_connection(
    rpc: Rpc, rpc_address: str, words: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    """What is no HTTP/2 is hung up on; calls beside it go on, and nothing is written to the terminal."""
    async with asyncio.timeout(60), said(rpc_address, words) as reader:
        await reader.read()
        await rpc.call("GetJob")

    assert "Traceback" not in capfd.readouterr().err


@GARBAGE
async def test_garbage_on_the_port_of_tls(core: Core, org: Tenant, tmp_path: Path, words: bytes) -> None:
    """Whoever does not even begin with TLS is hung up on, and clients of TLS are served beside it."""
    made = make_certificate(tmp_path)
    files = {"tls_certificate_file": str(made.certificate), "tls_key_file": str(made.key)}
    encrypted = replace(core, settings=core.settings.model_copy(update=files))
    trusting = grpc.ssl_channel_credentials(made.certificate.read_bytes())
    async with rpc_served(encrypted, every_method(), patience_seconds=2) as address:
        async with asyncio.timeout(60), said(address, words) as reader:
            await until_hung_up(reader)
        async with grpc.aio.secure_channel(address, trusting) as channel:
            await Rpc(channel, org.key).call("Enqueue", queue_name="emails")


async def until_hung_up(reader: asyncio.StreamReader) -> None:
    try:
        await reader.read()
    except ConnectionError:
        return


async def test_an_address_that_is_taken(core: Core, rpc_address: str) -> None:
    """A second server on the port says that it cannot listen, and the first goes on."""
    second = RpcServer(core, every_method())

    with pytest.raises(OSError, match="gRPC cannot listen on"):
        await second.start(rpc_address)
    await second.stop()


async def test_many_calls_at_once(rpc: Rpc, org: Tenant) -> None:
    """More calls than one connection carries wait for each other, and all are answered."""
    made = await asyncio.gather(*(rpc.call("Enqueue", queue_name="emails") for _ in range(250)))

    assert len({answer.job_id for answer in made}) == 250
    assert (await org.get("/jobs/stats"))["pending"] == 250
