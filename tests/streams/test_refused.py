"""Who is not let in to a stream, and how that is said; what else those addresses answer."""

import asyncio

import pytest

from tests.support.api import V1, Api, Tenant
from tests.support.readers import PATIENCE_SECONDS, Listening, reading

SOURCES = ("/events", "/events/jobs/job_0", "/events/queues/emails")
WRONG_KEYS = ("", "sk_live_" + "x" * 43, "nonsense", "eyJhbGciOiJub25lIn0.e30.")
every_source = pytest.mark.parametrize("path", SOURCES)


@every_source
@pytest.mark.parametrize("key", WRONG_KEYS)
async def test_without_a_valid_credential_it_is_401(api: Api, path: str, key: str) -> None:
    """A refused stream is an ordinary error, whichever way the credential came."""
    for sent in ({"headers": {"Authorization": f"Bearer  {key}".rstrip()}}, {"params": {"token": key}}):
        refused = await api.call("GET", path, 401, **sent)
        assert refused["code"] == "UNAUTHORIZED"


@every_source
async def test_without_the_permission_it_is_403(org: Tenant, path: str) -> None:
    """The error names the permission that is missing."""
    narrow = await org.with_key(permissions=["workers:read"])

    refused = await narrow.call("GET", path, 403)

    assert refused["message"].endswith("queues:read." if "queues" in path else "jobs:read.")


@pytest.mark.parametrize("path", ["/events?queue=payroll", "/events/queues/payroll"])
async def test_a_queue_that_the_key_is_not_for_is_403(org: Tenant, path: str) -> None:
    """A key that is limited to some queues cannot name another."""
    narrow = await org.with_key(queues=["emails"])

    refused = await narrow.call("GET", path, 403)

    assert "limited to other queues" in refused["message"]


async def test_the_key_may_stand_in_the_query(org: Tenant, api: Api) -> None:
    """Browsers cannot send a header; where both are sent the header is what counts."""
    async with reading(api, params={"token": org.key}) as source:
        await org.push()
        (created,) = await source.told(1)
    signed_in = await api.post("/auth/login", {"api_key": org.key})
    async with reading(api, params={"token": signed_in["access_token"]}) as source:
        await org.push("next")
        (following,) = await source.told(1)

    assert (created.type, following.event["data"]["queue_name"]) == ("JobCreated", "next")
    wrong = {"Authorization": "Bearer sk_live_wrong"}
    await api.call("GET", "/events", 401, params={"token": org.key}, headers=wrong)
    await api.call("GET", "/events", 401, headers={"X-API-Key": org.key})


@every_source
async def test_head_says_what_get_would(org: Tenant, path: str) -> None:
    """Status and headers alone, and the connection is free again."""
    response = await org.raw("HEAD", path)

    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["content-type"] == "text/event-stream"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers.get_list("cache-control") == ["no-store"]
    assert (await org.client.head(V1 + path)).status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/events", 405),
        ("DELETE", "/events/jobs/job_0", 405),
        ("PUT", "/ws", 405),
        ("OPTIONS", "/events", 405),
        ("GET", "/events/", 404),
        ("GET", "/events/nothing", 404),
        ("GET", "/events/jobs", 404),
        ("GET", "/events/queues/a/b", 404),
        ("GET", "/ws/", 404),
        ("GET", "/ws", 426),
        ("GET", "/events/jobs/%00", 404),
        ("GET", "/events/queues/a%20b", 400),
        ("GET", "/events/queues/" + "a" * 101, 400),
    ],
)
async def test_what_is_no_stream_has_the_error_shape(
    org: Tenant, method: str, path: str, status: int
) -> None:
    """Other methods and paths answer like everywhere else."""
    response = await org.raw(method, path)
    said = response.json()

    assert response.status_code == status
    assert said["error"] == said["message"]
    assert response.headers["access-control-allow-origin"] == "*"
    assert status != 405 or response.headers["allow"] == "GET, HEAD"
    assert status != 426 or response.headers["upgrade"] == "websocket"


async def test_a_page_of_another_origin_may_read(api: Api) -> None:
    """A browser's preflight allows the headers that clients of streams send."""
    asked = {"Origin": "https://app.example.com", "Access-Control-Request-Method": "GET"}

    response = await api.client.options(V1 + "/events", headers=asked)

    allowed = response.headers["access-control-allow-headers"].lower().split(", ")
    assert response.status_code == 204
    assert {"authorization", "last-event-id"} <= set(allowed)


async def test_opening_a_stream_counts_as_a_request(org: Tenant) -> None:
    """The key's own rate holds here too, and the answer says when to come again."""
    slow = await org.with_key(rate_limit=1)
    async with reading(slow) as source:
        assert source.response.headers["x-ratelimit-scope"] == "api_key"

    refused = await slow.raw("GET", "/events")

    assert (refused.status_code, refused.json()["code"]) == (429, "RATE_LIMIT_EXCEEDED")
    assert int(refused.headers["retry-after"]) > 0


async def test_http_1_0_reads_to_the_end_of_the_connection(org: Tenant, service: Listening) -> None:
    """Who knows no chunks, as some proxies, is sent none."""
    job = await org.push()
    await org.call("DELETE", f"/jobs/{job['id']}", 204)
    path = f"{V1}/events/jobs/{job['id']}"

    answer = await _http_1_0(service, path, org.key)

    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"transfer-encoding" not in head.lower()
    assert body.startswith(b"retry: 1000\n")
    assert body.endswith(b"id: end\n\n")


async def test_http_1_0_keeps_the_length_of_other_answers(service: Listening) -> None:
    """An answer of known length is sent as before."""
    answer = await _http_1_0(service, "/health/live")

    head, _, body = answer.partition(b"\r\n\r\n")
    assert f"content-length: {len(body)}".encode() in head.lower()


async def _http_1_0(service: Listening, path: str, key: str = "") -> bytes:
    """All that a server says to a request of HTTP/1.0."""
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    writer.write(f"GET {path} HTTP/1.0\r\nAuthorization: Bearer {key}\r\n\r\n".encode())
    async with asyncio.timeout(PATIENCE_SECONDS):
        said = await reader.read()
    writer.close()
    return said
