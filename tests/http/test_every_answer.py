"""What every answer has, good or bad, of a route or of none: request id, CORS headers, one error shape."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest

from functions.app import every_function
from shared.core import Core
from shared.edge import Call, route
from shared.edge.service import Service
from shared.errors import UnavailableError
from tests.support.api import Api, Tenant

ID = {"X-Request-Id": "find-me"}
JOB = {"queue": "emails", "payload": {}}
EXPOSED = {"x-request-id", "x-has-more", "retry-after", "x-ratelimit-limit", "x-ratelimit-remaining"}
GOOD: list[tuple[str, str, Any, int]] = [
    ("GET", "/jobs", None, 200),
    ("POST", "/jobs", JOB, 201),
    ("POST", "/jobs/dequeue", JOB, 200),
    ("GET", "/health", None, 200),
    ("GET", "/metrics", None, 200),
    ("HEAD", "/jobs", None, 200),
]
BAD: list[tuple[str, str, Any, int]] = [
    ("POST", "/jobs", {"queue": "", "payload": 1}, 400),
    ("POST", "/jobs/job_0/complete", {}, 404),
    ("GET", "/nothing", None, 404),
    ("PATCH", "/jobs", {}, 405),
    ("POST", "/queues", {"name": "taken"}, 409),
    ("POST", "/jobs", {"queue": "emails", "payload": "x" * 5_000}, 413),
    ("POST", "/jobs", {}, 422),
    ("GET", "/broken", None, 500),
    ("GET", "/away", None, 503),
]


@route("GET", "/api/v1/broken", access="public")
async def broken(call: Call) -> None:
    """Break in a way nobody foresaw."""
    raise ZeroDivisionError(call.request_id)


@route("GET", "/api/v1/away", access="public")
async def away(call: Call) -> None:
    """Break in a way that was foreseen."""
    raise UnavailableError from ConnectionError(call.request_id)


@asynccontextmanager
async def _small(core: Core) -> AsyncIterator[Api]:
    settings = core.settings.model_copy(update={"max_body_bytes": 4_096})

    async def opened() -> Core:
        return replace(core, settings=settings)

    service = Service([*every_function()[0], broken, away], opened)
    transport = httpx.ASGITransport(service, raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url="http://spooled") as client:
        yield Api(client)


@pytest.fixture
async def org(core: Core) -> AsyncIterator[Tenant]:
    """An organization of a service that takes small bodies and has two routes that fail."""
    async with _small(core) as api:
        made = await api.new_tenant()
        await made.post("/queues", {"name": "taken"}, 201)
        yield made


def _common(response: httpx.Response) -> None:
    exposed = response.headers["Access-Control-Expose-Headers"].lower().split(", ")
    assert response.headers["X-Request-Id"] == "find-me"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert set(exposed) >= EXPOSED


@pytest.mark.parametrize(("method", "path", "body", "status"), GOOD)
async def test_good_answers_have_the_common_headers(
    org: Tenant, method: str, path: str, body: Any, status: int
) -> None:
    """A client in a browser can read every answer, and finds the request in the log by its id."""
    response = await org.raw(method, path, json=body, headers=ID)

    assert response.status_code == status
    _common(response)


async def test_an_answer_without_a_body_has_them_too(org: Tenant) -> None:
    """204 and the answer to a preflight carry headers alone."""
    job = await org.push()
    cancelled = await org.raw("DELETE", f"/jobs/{job['id']}", headers=ID)
    asked = {**ID, "Origin": "https://app.example.com", "Access-Control-Request-Method": "PUT"}
    preflight = await org.raw("OPTIONS", "/queues/emails/config", headers=asked)

    for response in (cancelled, preflight):
        assert (response.status_code, response.content) == (204, b"")
        _common(response)
    allowed = preflight.headers["Access-Control-Allow-Headers"].lower()
    assert all(
        name in allowed for name in ("authorization", "content-type", "x-admin-key", "x-organization-id")
    )
    assert {"GET", "POST", "PUT", "PATCH", "DELETE"} <= set(
        preflight.headers["Access-Control-Allow-Methods"].split(", ")
    )


@pytest.mark.parametrize(("method", "path", "body", "status"), BAD)
async def test_bad_answers_have_one_shape(
    org: Tenant, method: str, path: str, body: Any, status: int
) -> None:
    """Whatever went wrong, and whoever noticed it, the error is JSON with code, message and error."""
    response = await org.raw(method, path, json=body, headers=ID)
    said = response.json()

    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/json"
    assert said["code"] == said["code"].upper()
    assert said["error"] == said["message"] != ""
    _common(response)


@pytest.mark.parametrize(("key", "status"), [("", 401), ("narrow", 403)])
async def test_refused_credentials_have_one_shape(org: Tenant, key: str, status: int) -> None:
    """No credential and one without the right are refused like everything else."""
    caller = await org.with_key(permissions=["queues:read"]) if key else Api(org.client)
    response = await caller.raw("GET", "/jobs", headers=ID)

    assert (response.status_code, response.headers["Content-Type"]) == (status, "application/json")
    assert {"code", "message", "error"} <= set(response.json())
    _common(response)
