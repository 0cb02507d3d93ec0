"""Streams and gRPC by every kind of credential, by other organizations and by keys for other queues."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import grpc
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from functions.streams.app import every_method, every_stream
from shared.core import Core
from shared.edge import Endpoint
from shared.edge.rpc import RpcMethod
from shared.wire.proto import spooled_pb2 as pb
from tests.rights.credentials import Credential, Everybody
from tests.rights.declared import read_rules
from tests.rights.estate import Estate
from tests.rights.operations import method_name, operation_of
from tests.rights.rows import Rows
from tests.support.api import V1, Api, Tenant
from tests.support.readers import Listening, listening
from tests.support.rpc import Rpc, rpc_client, rpc_served

RULES = read_rules()
STREAMS = [stream.endpoint for stream in every_stream()]
METHODS = every_method()
STATUSES = {
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "INVALID_ARGUMENT": 400,
}
HOME = "elsewhere"
KINDS: dict[str, Any] = {
    "dequeue": pb.DequeueRequest,
    "complete": pb.CompleteRequest,
    "fail": pb.FailRequest,
    "renew_lease": pb.RenewLeaseRequest,
}
JOBS = ("job", "running", "dead", "done", "step")


@pytest.fixture(scope="module")
async def service(module_core: Core) -> AsyncIterator[Listening]:
    async with listening(module_core) as opened:
        yield opened


@pytest.fixture(scope="module")
async def rpc(module_core: Core) -> AsyncIterator[Rpc]:
    async with rpc_served(module_core, METHODS) as address, rpc_client(address) as client:
        yield client


@pytest.mark.parametrize("endpoint", STREAMS, ids=operation_of)
async def test_a_stream_opens_for_whom_it_was_decided(
    service: Listening, people: Everybody, endpoint: Endpoint
) -> None:
    """As everywhere, but that a key may also stand in the address, since browsers send no header here."""
    rule, wrong = RULES[operation_of(endpoint)], {}
    path = endpoint.path.replace("{job_id}", "job_0").replace("{queue_name}", "emails")
    for credential in people.credentials:
        in_the_address = credential.name == "a key in the query"
        expected = rule.verdict(frozenset(rule.rights) if in_the_address else credential.holds)
        status = await _status(service, path, credential.sent())
        if (status if status in {401, 403} else "in") != expected:
            wrong[credential.name] = (status, expected)

    assert wrong == {}


async def _status(service: Listening, path: str, sent: dict[str, Any]) -> int:
    if path != f"{V1}/ws":
        async with service.api.client.stream("GET", path, **sent) as response:
            return response.status_code
    query = "&".join(f"{name}={value}" for name, value in sent.get("params", {}).items())
    url = f"ws://127.0.0.1:{service.port}{path}?{query}"
    try:
        async with connect(url, additional_headers=sent.get("headers", {})):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


@pytest.mark.parametrize("endpoint", STREAMS, ids=operation_of)
@pytest.mark.parametrize("kind", ["held", "stranger"])
async def test_a_stream_of_others_shows_nothing(
    service: Listening, estate: Estate, module_api: Api, endpoint: Endpoint, kind: str
) -> None:
    """Another's job is as if it were nowhere; another queue is refused, or one's own of that name."""
    caller = await _caller(kind, estate, module_api)
    rule = RULES[operation_of(endpoint)]
    path = endpoint.path.replace("{queue_name}", estate.queue)
    sent = {"headers": {"Authorization": f"Bearer {caller.key}"}, "params": {"queue": estate.queue}}
    statuses = set()
    for job in JOBS if "{job_id}" in path else JOBS[:1]:
        named = estate.named[job]
        statuses.add(await _status(service, path.replace("{job_id}", named), sent))
        if "{job_id}" in path:
            said = await service.api.client.get(path.replace("{job_id}", named), headers=sent["headers"])
            assert "not found" in said.text
            assert [known for known in estate.secrets if known in said.text and known != named] == []

    assert sorted(statuses) == sorted(rule.held if kind == "held" else rule.stranger)


async def _caller(kind: str, estate: Estate, api: Api) -> Tenant:
    return await estate.org.with_key(queues=[HOME]) if kind == "held" else await api.new_tenant()


@pytest.mark.parametrize("method", METHODS, ids=method_name)
async def test_a_method_answers_whom_it_was_decided(rpc: Rpc, people: Everybody, method: RpcMethod) -> None:
    """A key or token opens in `x-api-key` and behind `Bearer` alike; a header of REST opens nothing."""
    rule, wrong = RULES[method_name(method)], {}
    for credential in people.credentials:
        if credential.name == "a key in X-API-Key":
            continue  # its very place, here
        expected = rule.verdict(credential.holds)
        for metadata in metadata_of(credential):
            request = None if method.streams_requests else method.request()
            status, _ = await _called(rpc, method, request, metadata)
            if (status if status in {401, 403} else "in") != expected:
                wrong[credential.name] = (status, expected, metadata)

    assert wrong == {}


def metadata_of(credential: Credential) -> Iterator[list[tuple[str, str]]]:
    headers = credential.sent()["headers"]
    yield [(name.lower(), value) for name, value in headers.items()]
    if credential.secret is not None:
        yield [("x-api-key", credential.secret)]


async def _called(
    rpc: Rpc, method: RpcMethod, request: Any, metadata: list[tuple[str, str]]
) -> tuple[int, str]:
    """What a call ended with, in the numbers of HTTP, and what it said."""
    try:
        if method.streams_requests:
            sent = iter([] if request is None else [request])
            call = rpc.open(method.name, None, metadata, request_iterator=sent, timeout=20)
            said = [answer async for answer in call]
            return max([STATUSES.get(answer.error.code, 200) for answer in said], default=200), str(said)
        if method.streams_answers:
            async for answer in rpc.open(method.name, request, metadata, timeout=20):
                return 200, str(answer)
        return 200, str(await rpc.open(method.name, request, metadata, timeout=20))
    except grpc.aio.AioRpcError as error:
        return STATUSES[error.code().name], str(error.details())


@pytest.mark.parametrize("method", METHODS, ids=method_name)
@pytest.mark.parametrize("kind", ["held", "stranger"])
async def test_a_method_finds_nothing_of_others(
    rpc: Rpc, rows: Rows, estate: Estate, module_api: Api, method: RpcMethod, kind: str
) -> None:
    """What is named of others is nowhere, or refused, and nothing of it changes."""
    caller = await _caller(kind, estate, module_api)
    if method.name == "StreamJobs" and kind == "stranger":
        await caller.push(estate.queue)  # its own, of that name: else nothing would ever come
    before = await rows.now(without=("api_key",))
    statuses = set()
    for request in requests_of(method, estate):
        status, said = await _called(rpc, method, request, [("x-api-key", caller.key)])
        statuses.add(status)
        assert [known for known in estate.secrets if known in said and known not in str(request)] == []
    after = await rows.now(without=("api_key",))
    rule = RULES[method_name(method)]

    assert before - after == set()
    assert [row for row in after - before if HOME not in row] == []
    assert sorted(statuses) == sorted(rule.held if kind == "held" else rule.stranger)


def requests_of(method: RpcMethod, estate: Estate) -> Iterator[Any]:
    """Requests of a method in which each field that can name something does."""
    if method.request is pb.ProcessRequest:
        for inner in pb.ProcessRequest.DESCRIPTOR.oneofs_by_name["request"].fields:
            for filled in _filled(KINDS[inner.name], estate):
                yield pb.ProcessRequest(**{inner.name: filled})
    else:
        yield from _filled(method.request, estate)


def _filled(kind: Any, estate: Estate) -> Iterator[Any]:
    fields = {field.name for field in kind.DESCRIPTOR.fields}
    values = {
        "queue_name": estate.queue,
        "worker_id": estate.named["worker"],
        "lease_id": estate.named["lease"],
        "hostname": "h",
        "error": "x",
        "status": "healthy",
    }
    for job in JOBS if "job_id" in fields else JOBS[:1]:
        named = values | {"job_id": estate.named[job]}
        yield kind(**{name: value for name, value in named.items() if name in fields})
    if kind is pb.RegisterWorkerRequest:
        yield kind(queue_name=HOME, worker_id=estate.named["worker"], hostname="h")
