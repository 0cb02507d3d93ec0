"""How a call is refused: each status of the contract, and nothing that a user should not see."""

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest

from functions.streams.app import every_method
from localstack.postgres import running_postgres
from shared.core import Core
from shared.edge.opening import open_core
from shared.edge.rpc import RpcCall, RpcMethod
from shared.edge.rpc import rpc as declare_rpc
from shared.settings import Settings
from shared.store.migrate import migrate
from shared.tenants.caller import PERMISSIONS
from shared.wire.proto import spooled_pb2 as pb
from tests.support.api import Api, Tenant
from tests.support.clock import MovingClock
from tests.support.limits import ADMIN, put_on
from tests.support.people import served
from tests.support.rpc import Rpc, rpc_client, rpc_served
from tests.support.until import until

UNARY = [method for method in every_method() if not method.streams_answers]
every_unary = pytest.mark.parametrize("method", UNARY, ids=lambda method: method.name)
TAKING = {"queue_name": "emails", "worker_id": "w1"}


@asynccontextmanager
async def served_with(core: Core, key: str, *methods: RpcMethod, **settings: Any) -> AsyncIterator[Rpc]:
    """A client of a server of its own, with other settings or methods."""
    changed = replace(core, settings=core.settings.model_copy(update=settings))
    async with rpc_served(changed, methods or every_method()) as address, rpc_client(address, key) as client:
        yield client


async def is_served(client: Rpc) -> bool:
    """Whether a call is answered; not, because the database is away."""
    try:
        await client.call("Enqueue", queue_name="emails")
    except grpc.aio.AioRpcError as error:
        if error.code() is not grpc.StatusCode.UNAVAILABLE:
            raise
        return False
    return True


@every_unary
async def test_without_a_credential(rpc: Rpc, method: RpcMethod) -> None:
    """Connecting needs no key, and each method does: what is missing is said before what is wrong."""
    refusal = await rpc.with_key("").refusal(method.name)

    assert refusal.code == "UNAUTHENTICATED"
    assert "x-api-key" in refusal.text


@pytest.mark.parametrize("key", ["sk_live_not-a-key-of-anybody", "nonsense", "x" * 60_000])
async def test_with_a_credential_that_is_none(rpc: Rpc, key: str) -> None:
    """A key that nobody has is refused in the same words as one that is no key."""
    refusal = await rpc.with_key(key).refusal("Enqueue", queue_name="emails")

    assert refusal.code == "UNAUTHENTICATED"
    assert key not in refusal.text


async def test_metadata_without_measure(rpc: Rpc) -> None:
    """Over 64 KB of metadata are refused, as such headers are over HTTP."""
    refusal = await rpc.with_key("x" * 70_000).refusal("Enqueue", queue_name="emails")

    assert refusal.code == "RESOURCE_EXHAUSTED"


async def test_each_way_to_bear_a_credential(rpc: Rpc, org: Tenant) -> None:
    """A key and an access token are taken in `x-api-key` and as Bearer; sent twice they are none."""
    token = (await Api(org.client).post("/auth/login", {"api_key": org.key}))["access_token"]
    nobody = rpc.with_key("")
    job = {"queue_name": "emails"}

    for credential in (org.key, token):
        await nobody.call("Enqueue", [("x-api-key", credential)], **job)
        await nobody.call("Enqueue", [("authorization", f"Bearer {credential}")], **job)
    twice = [("x-api-key", org.key), ("x-api-key", org.key)]

    assert (await nobody.refusal("Enqueue", twice, **job)).code == "UNAUTHENTICATED"
    assert (await org.get("/jobs/stats"))["pending"] == 4


async def test_a_key_that_was_revoked_or_expired(rpc: Rpc, org: Tenant, clock: MovingClock) -> None:
    """A key is good until it is revoked or its time is over, and not a call longer."""
    expires_at = (clock() + timedelta(hours=1)).isoformat()
    narrow, brief = await org.with_key(), await org.with_key(expires_at=expires_at)
    for tenant in (narrow, brief):
        await rpc.with_key(tenant.key).call("Enqueue", queue_name="emails")

    (made_second,) = sorted(made["id"] for made in await org.get("/api-keys"))[1:2]
    await org.delete(f"/api-keys/{made_second}")
    revoked = await rpc.with_key(narrow.key).refusal("Enqueue", queue_name="emails")
    await rpc.with_key(brief.key).call("Enqueue", queue_name="emails")
    clock.advance(hours=2)
    expired = await rpc.with_key(brief.key).refusal("Enqueue", queue_name="emails")

    assert {revoked.code, expired.code} == {"UNAUTHENTICATED"}


@every_unary
async def test_without_the_right(rpc: Rpc, org: Tenant, method: RpcMethod) -> None:
    """A key that may do all but what the method asks for is refused, and told what it lacks."""
    rights = sorted(PERMISSIONS - set(method.scope))
    narrow = await org.with_key(permissions=rights)

    refusal = await rpc.with_key(narrow.key).refusal(method.name)

    assert refusal.code == "PERMISSION_DENIED"
    assert method.scope[0] in refusal.text


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("Enqueue", {"queue_name": "other"}),
        ("Dequeue", {"queue_name": "other", "worker_id": "w1"}),
        ("Register", {"queue_name": "other", "hostname": "h"}),
    ],
)
async def test_a_queue_that_the_key_is_not_for(rpc: Rpc, org: Tenant, name: str, fields: Any) -> None:
    """A key that is held to some queues pushes to no other, takes from no other and works for no other."""
    await org.push("other")
    narrow = await org.with_key(queues=["emails"])

    refusal = await rpc.with_key(narrow.key).refusal(name, **fields)

    assert refusal.code == "PERMISSION_DENIED"
    assert (await org.get("/jobs/stats"))["pending"] == 1


async def test_jobs_of_a_queue_that_the_key_is_not_for(rpc: Rpc, org: Tenant) -> None:
    """They are unknown, as in REST: not found, an empty answer, only 0."""
    job = await org.push("other")
    await org.dequeue("other")
    narrow = rpc.with_key((await org.with_key(queues=["emails"])).key)

    assert (await narrow.refusal("Complete", job_id=job["id"], worker_id="w1")).code == "NOT_FOUND"
    assert not (await narrow.call("GetJob", job_id=job["id"])).HasField("job")
    assert (await narrow.call("GetQueueStats", queue_name="other")).processing == 0


async def test_a_limit_of_the_plan(rpc: Rpc, org: Tenant, core: Core) -> None:
    """The text is what clients tell a quota by, and no time to come back is named: waiting helps nobody."""
    await put_on(core, org, "free", max_active_jobs=1, max_workers=0)
    await rpc.call("Enqueue", queue_name="emails")

    job = await rpc.refusal("Enqueue", queue_name="emails")
    worker = await rpc.refusal("Register", queue_name="emails", hostname="h")

    assert {job.code, worker.code} == {"RESOURCE_EXHAUSTED"}
    assert "active_jobs limit reached (1/1)" in job.text
    assert "workers limit reached (0/0)" in worker.text
    assert "retry-after" not in job.trailers | worker.trailers


async def test_a_payload_beyond_the_plan(rpc: Rpc, org: Tenant, core: Core) -> None:
    """A payload that the plan does not take breaks a rule: no waiting makes it smaller."""
    await put_on(core, org, "free", max_payload_size_bytes=100_000)

    refusal = await rpc.refusal("Enqueue", queue_name="emails", payload={"text": "x" * 100_001})
    await rpc.call("Enqueue", queue_name="emails", payload={"text": "x" * 99_000})

    assert refusal.code == "INVALID_ARGUMENT"
    assert "100000" in refusal.text


async def test_above_the_rate(rpc: Rpc, org: Tenant, clock: MovingClock) -> None:
    """A call costs a token; without one it says in whole seconds when to come back, and then it is served."""
    clock.move_to(clock())
    limits = {"rate_limit_requests_per_second": 1, "rate_limit_burst": 2}
    await org.call(
        "PATCH",
        f"/admin/organizations/{org.org_id}",
        200,
        json={"custom_limits": limits},
        headers=ADMIN,
    )

    for _ in range(2):
        await rpc.call("GetJob")
    refusal = await rpc.refusal("GetJob")
    clock.advance(seconds=int(refusal.trailers["retry-after"]))
    await rpc.call("GetJob")

    assert refusal.code == "RESOURCE_EXHAUSTED"
    assert int(refusal.trailers["retry-after"]) >= 1
    assert "limit reached" not in refusal.text


@pytest.mark.parametrize(("name", "fields"), [("Complete", {}), ("Fail", {"error": "e"}), ("RenewLease", {})])
async def test_where_the_lease_is_required(core: Core, org: Tenant, name: str, fields: Any) -> None:
    """With `require_lease_id` on, settling without the lease breaks a rule; with it, it is as ever."""
    async with served_with(core, org.key, require_lease_id=True) as strict:
        await org.push()
        (job,) = (await strict.call("Dequeue", **TAKING)).jobs

        refusal = await strict.refusal(name, job_id=job.id, worker_id="w1", **fields)
        answer = await strict.call(name, job_id=job.id, worker_id="w1", lease_id=job.lease_id, **fields)

    assert refusal.code == "INVALID_ARGUMENT"
    assert "lease_id" in refusal.text
    assert answer.success


@declare_rpc("QueueService", "GetJob", scope="jobs:read")
async def broken(call: RpcCall, request: pb.GetJobRequest) -> pb.GetJobResponse:
    """A method with a fault in it."""
    raise ZeroDivisionError(f"secret of {call.caller.org_id} {request}")


async def test_a_fault_shows_nothing_of_itself(
    core: Core, org: Tenant, caplog: pytest.LogCaptureFixture
) -> None:
    """The caller learns the request id, and the log has the rest under it."""
    async with served_with(core, org.key, broken) as client:
        refusal = await client.refusal("GetJob", [("x-request-id", "mine-17")])

    assert refusal.code == "INTERNAL"
    assert "mine-17" in refusal.text
    assert not {"secret", "Zero", "Traceback", "File"} & set(refusal.text.replace(".", " ").split())
    assert "mine-17" in caplog.text
    assert "ZeroDivisionError: secret" in caplog.text


async def test_the_request_id(rpc: Rpc) -> None:
    """An answer and a refusal carry the caller's id, or a new one when that is none."""
    taken = rpc.open("GetJob", pb.GetJobRequest(), [("x-request-id", "mine")])
    await taken
    refusal = await rpc.refusal("Enqueue", [("x-request-id", "x" * 200)])

    assert dict(await taken.trailing_metadata())["x-request-id"] == "mine"
    assert len(refusal.trailers["x-request-id"]) == 32


async def test_without_its_database(
    tmp_path: Path, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """While PostgreSQL is away a call is UNAVAILABLE and names no wait; with it back, it is served."""
    with ExitStack() as running:
        url = running.enter_context(running_postgres(tmp_path, durable=False))
        await migrate(url)
        update = {"database_url": url, "connect_timeout_seconds": 1, "key_cache_seconds": 60}
        own = await open_core(settings.model_copy(update=update))
        api = served(own)
        async with api.client, served_with(own, (await api.new_tenant()).key) as client:
            await client.call("Enqueue", queue_name="emails")

            running.close()
            refusals = [await client.refusal("Enqueue", queue_name="emails") for _ in range(2)]

            assert url == running.enter_context(running_postgres(tmp_path, durable=False))
            await until(lambda: is_served(client))
        await own.close()

    assert {refusal.code for refusal in refusals} == {"UNAVAILABLE"}
    assert "retry-after" not in refusals[0].trailers
    assert "psycopg" not in refusals[0].text
    assert refusals[0].trailers["x-request-id"] in caplog.text
    assert "Traceback" not in caplog.text


async def test_calls_are_counted(rpc: Rpc, org: Tenant) -> None:
    """`/metrics` has each call by its method and the number of its status."""
    await rpc.call("GetJob")
    await rpc.refusal("Enqueue")

    text = (await Api(org.client).raw("GET", "/metrics")).text

    for path, status in (("GetJob", 0), ("Enqueue", 3)):
        labels = f'method="gRPC",path="/spooled.v1.QueueService/{path}",status="{status}"'
        assert f"spooled_api_requests_total{{{labels}}} 1" in text
