"""What the service stands on goes away and comes back; a function breaks; a client leaves."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from time import monotonic

import httpx
import pytest

from functions.app import every_function
from localstack.postgres import running_postgres
from localstack.redis import running_redis
from shared.core import Core
from shared.edge import Call, Endpoint, route
from shared.edge.opening import open_core
from shared.edge.service import Service
from shared.errors import UnavailableError
from shared.settings import Settings
from shared.store.migrate import migrate
from tests.support.api import Api, Tenant


@asynccontextmanager
async def served(settings: Settings, endpoints: list[Endpoint] | None = None) -> AsyncIterator[Api]:
    """The service over servers of the test's own."""
    core = await open_core(settings)

    async def opened() -> Core:
        return core

    service = Service(every_function()[0] if endpoints is None else endpoints, opened)
    transport = httpx.ASGITransport(service, raise_app_exceptions=True)
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://spooled") as client:
            yield Api(client)
    finally:
        await core.close()


async def test_without_its_database_it_says_503_and_comes_back(
    tmp_path: Path, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """While PostgreSQL is away every route says when to try again; with it back, so is the service."""
    with ExitStack() as running:
        url = running.enter_context(running_postgres(tmp_path, durable=False))
        await migrate(url)
        quick = settings.model_copy(update={"database_url": url, "connect_timeout_seconds": 1})
        async with served(quick) as api:
            org = await api.new_tenant()
            job = await org.push()

            running.close()
            away = await org.raw("GET", f"/jobs/{job['id']}")
            also = await org.raw("POST", "/jobs", json={"queue": "emails", "payload": 1})
            health = await api.get("/health")
            await api.get("/health/live")
            await api.get("/health/ready", status=503)
            metrics = await api.raw("GET", "/metrics")

            assert url == running.enter_context(running_postgres(tmp_path, durable=False))
            back = await _first_good(org, f"/jobs/{job['id']}")
            taken = await org.dequeue()

    assert (away.status_code, also.status_code) == (503, 503)
    assert int(away.headers["Retry-After"]) >= 1
    assert (away.json()["code"], away.json()["error"]) == ("SERVICE_UNAVAILABLE", away.json()["message"])
    assert away.headers["X-Request-Id"] in caplog.text
    assert "Traceback" not in caplog.text
    assert (health["status"], health["database"]) == ("degraded", False)
    assert "spooled_database_up 0" in metrics.text
    assert (back["id"], taken["id"]) == (job["id"], job["id"])


async def _first_good(org: Tenant, path: str) -> dict[str, object]:
    deadline = monotonic() + 20
    while monotonic() < deadline:
        response = await org.raw("GET", path)
        if response.status_code == 200:
            return dict(response.json())
        assert response.status_code == 503, response.text
    raise AssertionError("the service did not come back")


@pytest.mark.usefixtures("no_timers")
async def test_without_redis_everything_works(tmp_path: Path, settings: Settings) -> None:
    """Redis going away in the middle changes no answer, wakes waiters still, and shows in the health."""
    with ExitStack() as running:
        url = running.enter_context(running_redis(tmp_path))
        async with served(settings.model_copy(update={"redis_url": url})) as api:
            org = await api.new_tenant()
            before = await api.get("/health")

            running.close()
            during = await api.get("/health")
            waiting = asyncio.ensure_future(org.dequeue(wait_seconds=10))
            await asyncio.sleep(0)
            job = await org.push()
            taken = await waiting
            done = await org.post(f"/jobs/{job['id']}/complete", {"lease_id": taken["lease_id"]})
            other = await api.new_tenant()

            assert url == running.enter_context(running_redis(tmp_path))
            after = await api.get("/health")

    assert [before["status"], during["status"], after["status"]] == ["healthy", "degraded", "healthy"]
    assert (during["database"], during["cache"]) == (True, False)
    assert (taken["id"], done["status"]) == (job["id"], "completed")
    assert other.org_id


@route("GET", "/api/v1/broken", access="public")
async def broken(call: Call) -> None:
    """Break in a way nobody foresaw."""
    raise ZeroDivisionError(f"secret of {call.request_id}")


@route("GET", "/api/v1/away", access="public")
async def away(call: Call) -> None:
    """Break in a way that was foreseen."""
    raise UnavailableError from ConnectionError(f"no way there, {call.request_id}")


async def test_a_fault_is_500_with_the_request_id_and_nothing_else(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """The caller learns the id, the log the cause, and neither learns the other's part."""
    async with served(settings, [broken, away]) as api:
        with caplog.at_level(logging.ERROR):
            fault = await api.raw("GET", "/broken", headers={"X-Request-Id": "find-me"})
            refused = await api.raw("GET", "/away", headers={"X-Request-Id": "find-me-too"})

    assert (fault.status_code, fault.headers["X-Request-Id"]) == (500, "find-me")
    assert fault.json()["code"] == "SERVER_ERROR"
    assert fault.json()["details"] == {"request_id": "find-me"}
    assert "secret" not in fault.text
    assert "Traceback" not in fault.text
    assert fault.headers["Content-Type"] == "application/json"
    assert "ZeroDivisionError: secret of find-me" in caplog.text
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
    assert "no way there" not in refused.text
    assert "no way there, find-me-too" in caplog.text
    refusals = [record for record in caplog.records if "find-me-too" in record.getMessage()]
    assert [record.exc_info for record in refusals] == [None]
