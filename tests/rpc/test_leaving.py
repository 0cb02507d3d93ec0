"""Clients that go before they have their answer: by a deadline, by cancelling, with their connection."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc
import psycopg
import pytest
from psycopg import sql

from functions.streams.app import every_method
from shared.core import Core
from shared.edge.rpc import RpcServer
from shared.wire.proto import spooled_pb2 as pb
from tests.support.api import Tenant
from tests.support.rpc import Rpc, rpc_client
from tests.support.until import until

TAKING = pb.DequeueRequest(queue_name="emails", worker_id="w1", batch_size=10)


@asynccontextmanager
async def held_up(database_url: str, table: str = "job") -> AsyncIterator[Callable[[], Any]]:
    """The table is locked, so that every statement on it waits; a question whether one does."""
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        await connection.execute(sql.SQL("LOCK TABLE {}").format(sql.Identifier(table)))

        async def one_waits() -> bool:
            cursor = await connection.execute(
                "SELECT FROM pg_locks JOIN pg_class ON pg_class.oid = pg_locks.relation"
                " JOIN pg_database ON pg_database.oid = pg_locks.database"
                " WHERE pg_class.relname = %s AND NOT pg_locks.granted"
                " AND pg_database.datname = current_database()",
                (table,),
            )
            return await cursor.fetchone() is not None

        yield one_waits


async def ended(call: Any) -> grpc.StatusCode:
    """How a call ends that is not answered."""
    with pytest.raises((grpc.aio.AioRpcError, asyncio.CancelledError)):
        await call
    code: grpc.StatusCode = await call.code()
    return code


async def until_heard(rpc: Rpc) -> None:
    """Until the service has read what was sent before on this connection."""
    await rpc.call("Heartbeat", worker_id="nobody")


async def is_back(org: Tenant, job_id: str) -> bool:
    """Whether the job waits to be taken, as if nobody had taken it."""
    job = await org.job(job_id)
    return (job["status"], job["attempts"], job["lease_id"]) == ("pending", 0, None)


async def test_a_cancelled_dequeue_gives_back_what_it_took(rpc: Rpc, org: Tenant, database_url: str) -> None:
    """Who goes while the jobs are being claimed holds none of them: they are due again at once."""
    jobs = [await org.push() for _ in range(3)]

    async with held_up(database_url) as one_waits:
        call = rpc.open("Dequeue", TAKING)
        await until(one_waits)
        call.cancel()
        code = await ended(call)
        await until_heard(rpc)

    assert code is grpc.StatusCode.CANCELLED
    for job in jobs:
        await until(lambda: is_back(org, job["id"]))  # noqa: B023 - awaited within the turn
    taken = (await rpc.open("Dequeue", TAKING)).jobs
    assert [job.id for job in taken] == [job["id"] for job in jobs]


async def test_a_lost_connection_gives_back_what_it_took(
    rpc_address: str, org: Tenant, database_url: str
) -> None:
    """A client whose connection ends while it waits for jobs holds none of them."""
    job = await org.push()

    async with held_up(database_url) as one_waits:
        async with rpc_client(rpc_address, org.key) as client:
            call = client.open("Dequeue", TAKING)
            await until(one_waits)
        await ended(call)

    await until(lambda: is_back(org, job["id"]))


async def test_a_deadline_ends_the_call(rpc: Rpc, org: Tenant, database_url: str) -> None:
    """The client has its answer when its deadline is there, and what is taken after that is given back."""
    job = await org.push()

    async with held_up(database_url):
        code = await ended(rpc.open("Dequeue", TAKING, timeout=0.5))

    assert code is grpc.StatusCode.DEADLINE_EXCEEDED
    await until(lambda: is_back(org, job["id"]))


async def test_a_change_that_has_begun_is_finished(rpc: Rpc, org: Tenant, database_url: str) -> None:
    """A push whose client goes while it is being written is whole, as it is when the answer is lost."""
    async with held_up(database_url) as one_waits:
        call = rpc.open("Enqueue", pb.EnqueueRequest(queue_name="emails"))
        await until(one_waits)
        call.cancel()
        await ended(call)

    async def is_there() -> bool:
        return bool((await org.get("/jobs/stats"))["pending"] == 1)

    await until(is_there)


async def test_nothing_is_begun_after_the_deadline(
    rpc: Rpc, rpc_address: str, org: Tenant, database_url: str
) -> None:
    """A push whose deadline passed before it was begun is not done: its client may have pushed again."""
    unknown_yet = (await org.with_key()).key
    async with held_up(database_url, "api_key") as one_waits, rpc_client(rpc_address, unknown_yet) as client:
        call = client.open("Enqueue", pb.EnqueueRequest(queue_name="emails"), timeout=0.5)
        await until(one_waits)
        code = await ended(call)
        await until_heard(rpc)
    async with rpc_client(rpc_address, unknown_yet) as client:
        await client.call("Enqueue", queue_name="emails")

    assert code is grpc.StatusCode.DEADLINE_EXCEEDED
    assert (await org.get("/jobs/stats"))["pending"] == 1


async def test_stopping_waits_for_what_has_begun(core: Core, org: Tenant, database_url: str) -> None:
    """A server that stops ends its calls at once, and closes nothing before their changes are written."""
    server = RpcServer(core, every_method())
    address = f"127.0.0.1:{await server.start('127.0.0.1:0')}"
    async with rpc_client(address, org.key) as client:
        async with held_up(database_url) as one_waits:
            call = client.open("Enqueue", pb.EnqueueRequest(queue_name="emails"))
            await until(one_waits)
            stopping = asyncio.ensure_future(server.stop())
            code = await ended(call)
            was_done = stopping.done()
        await stopping

    assert code is grpc.StatusCode.UNAVAILABLE
    assert not was_done
    assert (await org.get("/jobs/stats"))["pending"] == 1
