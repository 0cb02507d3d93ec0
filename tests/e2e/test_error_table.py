"""The table of errors: each status and code provoked over HTTP, its body, what the official client does."""

import json
import socket
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import spooled
from spooled.config import CircuitBreakerConfig, RetryConfig
from spooled.errors import QuotaExceededError

from functions.app import every_function
from shared.edge import Call, route
from shared.errors import RequestIncompleteError, UnavailableError
from shared.settings import Settings
from tests.support.served import Served, served

V1 = "/api/v1"
ONCE, EACH_TRY = 1, 4
RETRY = RetryConfig(max_retries=EACH_TRY - 1, base_delay=0.001, max_delay=0.01)
UNBROKEN = CircuitBreakerConfig(enabled=False)
FAULTS = {
    "broken": ZeroDivisionError(),
    "away": UnavailableError(),
    "stalled": RequestIncompleteError(),
}


@route("GET", "/api/v1/faults/{kind}", access="public", errors=(408,))
async def reading(call: Call, kind: str) -> None:  # noqa: ARG001 - every function takes its call
    """Fail in the way that the path says."""
    raise FAULTS[kind]


@route("POST", "/api/v1/faults/{kind}", access="public")
async def writing(call: Call, kind: str) -> None:  # noqa: ARG001 - every function takes its call
    """Fail in the way that the path says."""
    raise FAULTS[kind]


@dataclass(frozen=True)
class Row:
    """A request, the refusal that it meets, what the client raises, and how often it asks."""

    method: str
    path: str
    status: int
    code: str
    raised: type[spooled.SpooledError]
    asked: int = ONCE
    body: Any = None
    key: str = "full"


JOB = {"queue_name": "emails", "payload": {}}
CYCLE = [
    {"key": "a", "queue_name": "q", "payload": {}, "depends_on": ["b"]},
    {"key": "b", "queue_name": "q", "payload": {}, "depends_on": ["a"]},
]
CRON = {"name": "s", "queue_name": "q", "payload_template": {}, "cron_expression": "61 * * * *"}
INVALID, CONFLICT = "VALIDATION_ERROR", "CONFLICT"
ROWS = {
    "a field rule": Row("POST", "/jobs", 400, INVALID, spooled.ValidationError, body=JOB | {"priority": 101}),
    "empty queue": Row("POST", "/jobs", 400, INVALID, spooled.ValidationError, body=JOB | {"queue_name": ""}),
    "bad cron": Row("POST", "/schedules", 400, INVALID, spooled.ValidationError, body=CRON),
    "cycle": Row(
        "POST", "/workflows", 400, INVALID, spooled.ValidationError, body={"name": "w", "jobs": CYCLE}
    ),
    "no confirm": Row(
        "POST", "/jobs/dlq/purge", 400, INVALID, spooled.ValidationError, body={"confirm": False}
    ),
    "wrong key": Row("GET", "/jobs", 401, "UNAUTHORIZED", spooled.AuthenticationError, key="wrong"),
    "no right": Row(
        "POST", "/jobs", 403, "ACCESS_DENIED", spooled.AuthorizationError, body=JOB, key="narrow"
    ),
    "not found": Row("GET", "/jobs/job_0", 404, "NOT_FOUND", spooled.NotFoundError),
    "no such route": Row("GET", "/nothing", 404, "NOT_FOUND", spooled.NotFoundError),
    "incomplete read": Row("GET", "/faults/stalled", 408, "REQUEST_TIMEOUT", spooled.SpooledError, EACH_TRY),
    "state conflict": Row("POST", "/jobs/{waiting}/retry", 409, CONFLICT, spooled.ConflictError),
    "duplicate": Row("POST", "/queues", 409, CONFLICT, spooled.ConflictError, body={"name": "emails"}),
    "lease lost": Row(
        "POST",
        "/jobs/{held}/complete",
        409,
        "LEASE_EXPIRED",
        spooled.ConflictError,
        body={"worker_id": "w", "lease_id": "lease_0000000000001"},
    ),
    "large payload": Row(
        "POST",
        "/jobs",
        413,
        "PAYLOAD_TOO_LARGE",
        spooled.PayloadTooLargeError,
        body=JOB | {"payload": "x" * 2_000},
    ),
    "missing field": Row("POST", "/jobs", 422, INVALID, spooled.ValidationError, body={"payload": {}}),
    "wrong type": Row(
        "POST", "/jobs", 422, INVALID, spooled.ValidationError, body=JOB | {"priority": "high"}
    ),
    "rate limit": Row(
        "GET", "/jobs/stats", 429, "RATE_LIMIT_EXCEEDED", spooled.RateLimitError, EACH_TRY, key="slow"
    ),
    "rate limit on a write": Row(
        "POST", "/jobs", 429, "RATE_LIMIT_EXCEEDED", spooled.RateLimitError, EACH_TRY, JOB, "slow"
    ),
    "plan limit": Row(
        "POST",
        "/queues",
        429,
        "QUOTA_EXCEEDED",
        QuotaExceededError,
        body={"name": "one-too-many"},
    ),
    "fault on a read": Row("GET", "/faults/broken", 500, "SERVER_ERROR", spooled.ServerError, EACH_TRY),
    "fault on a write": Row("POST", "/faults/broken", 500, "SERVER_ERROR", spooled.ServerError),
    "fault on a keyed write": Row(
        "POST",
        "/faults/broken",
        500,
        "SERVER_ERROR",
        spooled.ServerError,
        EACH_TRY,
        body={"idempotency_key": "k"},
    ),
    "database away": Row("GET", "/faults/away", 503, "SERVICE_UNAVAILABLE", spooled.ServerError, EACH_TRY),
}


@pytest.fixture(scope="module")
def service(settings: Settings) -> Iterator[Served]:
    """The whole service, and two routes that fail."""
    quick = settings.model_copy(update={"body_timeout_seconds": 0.2, "validate_answers": False})
    with served(quick, [*every_function()[0], reading, writing]) as running:
        yield running


@pytest.fixture(scope="module")
def world(service: Served, settings: Settings) -> dict[str, str]:
    """Keys of an organization with small limits, a job that waits and one that is held."""
    limits = {"max_queues": 1, "max_payload_size_bytes": 1000}
    made = httpx.post(
        f"{service.url}{V1}/admin/organizations",
        headers={"X-Admin-Key": settings.admin_api_key},
        json={
            "name": "E",
            "slug": f"e-{uuid.uuid4().hex}",
            "plan_tier": "enterprise",
            "custom_limits": limits,
        },
    ).json()
    full = made["api_key"]["key"]
    with httpx.Client(base_url=service.url + V1, headers={"Authorization": f"Bearer {full}"}) as client:
        held = client.post("/jobs", json=JOB).json()["id"]
        client.post("/jobs/claim", json={"queue_name": "emails", "worker_id": "w"})
        waiting = client.post("/jobs", json=JOB).json()["id"]
        narrow = client.post("/api-keys", json={"name": "N", "permissions": ["jobs:read"]}).json()["key"]
        slow = client.post("/api-keys", json={"name": "S", "rate_limit": 1}).json()["key"]
    return {
        "slow": slow,
        "full": full,
        "narrow": narrow,
        "wrong": "sk_live_" + "x" * 43,
        "held": held,
        "waiting": waiting,
    }


@pytest.fixture
def used_up(service: Served, world: dict[str, str]) -> None:
    """The one request a minute of the slow key is made."""
    headers = {"Authorization": f"Bearer {world['slow']}"}
    httpx.get(f"{service.url}{V1}/queues", headers=headers)


@pytest.mark.usefixtures("used_up")
@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_the_client_raises_and_retries_as_the_table_says(
    service: Served, world: dict[str, str], row: Row
) -> None:
    """The official client knows the refusal for what it is, and asks again only where that can help."""
    path = row.path.format_map(world)
    before = service.requests[row.method, V1 + path]
    with (
        spooled.SpooledClient(
            api_key=world[row.key], base_url=service.url, retry=RETRY, circuit_breaker=UNBROKEN
        ) as client,
        pytest.raises(row.raised) as raised,
    ):
        client._http.request(row.method, path, body=row.body)

    assert service.requests[row.method, V1 + path] - before == row.asked
    assert type(raised.value) is row.raised
    assert (raised.value.status_code, raised.value.code) == (row.status, row.code)
    assert raised.value.request_id


@pytest.mark.usefixtures("used_up")
@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_the_body_has_the_fields_of_the_table(service: Served, world: dict[str, str], row: Row) -> None:
    """Every refusal is JSON with code, message, error; a broken rule names its field, a wait its seconds."""
    answer = httpx.request(
        row.method,
        service.url + V1 + row.path.format_map(world),
        headers={"Authorization": f"Bearer {world[row.key]}"},
        json=row.body,
    )
    body = answer.json()
    quota = row.code == "QUOTA_EXCEEDED"

    assert (answer.status_code, body["code"]) == (row.status, row.code)
    assert answer.headers["Content-Type"] == "application/json"
    assert body["message"]
    assert body["error"] == ("limit_exceeded" if quota else body["message"])
    if row.status in {400, 422}:
        assert all({"field", "message", "code"} <= set(detail) for detail in body["details"])
    assert ("Retry-After" in answer.headers) == (row.status == 503 or (row.status == 429 and not quota))
    if quota:
        facts = {name: body[name] for name in ("resource", "current", "limit", "plan")}
        assert facts.items() <= body["details"].items()
        assert "limit reached (1/1)" in body["message"]


def test_json_that_is_none_is_400(service: Served, world: dict[str, str]) -> None:
    """A body of broken JSON breaks a rule; it is not a missing field."""
    answer = httpx.post(
        f"{service.url}{V1}/jobs", headers={"Authorization": f"Bearer {world['full']}"}, content=b"{"
    )

    assert (answer.status_code, answer.json()["code"]) == (400, INVALID)


def test_a_body_that_does_not_end_is_408(service: Served, world: dict[str, str]) -> None:
    """A client that stops in the middle is told so and does not hold its connection for ever."""
    url = httpx.URL(service.url)
    head = f"POST {V1}/jobs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {world['full']}\r\n"
    with socket.create_connection((url.host, url.port), timeout=10) as connection:
        connection.sendall(f'{head}Content-Length: 100\r\n\r\n{{"queue'.encode())
        answer, _, body = b"".join(iter(lambda: connection.recv(65_536), b"")).partition(b"\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert json.loads(body)["code"] == "REQUEST_TIMEOUT"


def test_an_old_access_token_is_refreshed_once_and_the_request_repeated(
    service: Served, world: dict[str, str]
) -> None:
    """A client that signed in does not see the 401 of a token that was ended elsewhere."""
    tokens = httpx.post(f"{service.url}{V1}/auth/login", json={"api_key": world["full"]}).json()
    old = {"Authorization": f"Bearer {tokens['access_token']}"}
    httpx.post(f"{service.url}{V1}/auth/logout", headers=old)
    asked = service.requests.copy()
    with spooled.SpooledClient(
        access_token=tokens["access_token"],
        refresh_token=tokens["refresh_token"],
        base_url=service.url,
        retry=RETRY,
    ) as client:
        client.jobs.list()

    assert service.requests["GET", f"{V1}/jobs"] - asked["GET", f"{V1}/jobs"] == 2
    assert service.requests["POST", f"{V1}/auth/refresh"] - asked["POST", f"{V1}/auth/refresh"] == 1
