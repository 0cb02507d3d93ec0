"""What stands around a body: queries, paths, methods and request ids."""

import json
from collections.abc import AsyncIterator
from datetime import datetime

import pytest

from tests.support.api import Api, Tenant, field_of
from tests.support.clock import MovingClock

PAGES: dict[str, tuple[int, str]] = {
    "limit=0": (200, ""),
    "limit=1000000": (200, ""),
    "limit=99999999999999999999": (200, ""),
    "limit=-1": (400, "limit"),
    "limit=ten": (422, "limit"),
    "limit=1.5": (422, "limit"),
    "limit=": (422, "limit"),
    "limit=1e3": (422, "limit"),
    "offset=1000000": (200, ""),
    "offset=99999999999999999999": (400, "offset"),
    "offset=-1": (400, "offset"),
    "offset=x": (422, "offset"),
    "status=": (200, ""),
    "status=lost": (400, "status"),
    "queue=a&queue_name=b": (400, "queue_name"),
    "queue=%00": (400, "queue"),
    "%00=1": (400, "query"),
    "queue=%ff": (400, "query"),
    "queue=%ed%a0%80": (400, "query"),
    "queue=" + "a" * 101: (400, "queue_name"),
    "unknown=1": (200, ""),
    "&&&": (200, ""),
}


@pytest.mark.parametrize("query", PAGES, ids=lambda query: query[:40])
async def test_a_query_is_clamped_or_refused_by_name(org: Tenant, query: str) -> None:
    """A page above the maximum is cut, one beyond the end is empty, and garbage is named."""
    status, field = PAGES[query]
    answer = await org.call("GET", f"/jobs?{query}", status)

    assert field == ("" if status == 200 else field_of(answer))


async def test_a_page_is_cut_to_a_thousand(org: Tenant) -> None:
    """A larger limit gives what the largest gives, and says that there is more."""
    for _ in range(2):
        jobs = [{"payload": n} for n in range(600)]
        await org.post("/jobs/bulk", {"queue": "emails", "jobs": jobs})

    page = await org.raw("GET", "/jobs?limit=5000")
    beyond = await org.raw("GET", "/jobs?offset=5000")

    assert (len(page.json()), page.headers["X-Has-More"]) == (1000, "true")
    assert (beyond.json(), beyond.headers["X-Has-More"]) == ([], "false")


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("GET", "/api/v1/nothing", 404, None),
        ("GET", "/", 404, None),
        ("GET", "/api/v1/jobs/", 404, None),
        ("POST", "/api/v1/jobs/", 404, None),
        ("GET", "//api/v1/jobs", 404, None),
        ("PATCH", "/api/v1/jobs", 405, {"GET", "HEAD", "POST"}),
        ("DELETE", "/health", 405, {"GET", "HEAD"}),
        ("OPTIONS", "/health", 405, {"GET", "HEAD"}),
        ("BREW", "/health", 405, {"GET", "HEAD"}),
    ],
)
async def test_an_unknown_route_has_the_error_shape(
    api: Api, method: str, path: str, status: int, allow: set[str] | None
) -> None:
    """A path or method that is not there answers like any other error, with every method that is."""
    response = await api.client.request(method, path, headers={"X-Request-Id": "mine"})
    body = response.json()

    assert (response.status_code, response.headers["X-Request-Id"]) == (status, "mine")
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert body["error"] == body["message"]
    assert allow is None or allow == set(response.headers["Allow"].split(", "))


async def test_head_is_get_without_the_body(org: Tenant) -> None:
    """Monitors ask with HEAD."""
    get = await org.raw("GET", "/jobs")
    head = await org.raw("HEAD", "/jobs")
    missing = await org.raw("HEAD", "/nothing")

    assert (200, b"", get.headers["Content-Length"]) == (
        head.status_code,
        head.content,
        head.headers["Content-Length"],
    )
    assert (missing.status_code, missing.content) == (404, b"")


async def test_a_request_id_that_is_not_sane_is_replaced(api: Api) -> None:
    """Only short printable text is echoed: nobody writes into our headers or logs."""
    for given in ("x" * 129, "a\tb", "é".encode()):
        response = await api.client.get("/health", headers={"X-Request-Id": given})
        assert len(response.headers["X-Request-Id"]) == 32


async def test_a_lease_counts_from_when_it_is_given(org: Tenant, clock: MovingClock) -> None:
    """A body that was long in coming takes nothing off the lease of the job that it asks for."""
    await org.push()
    await org.push()
    held = await org.dequeue()

    async def slowly() -> AsyncIterator[bytes]:
        yield b"{"
        clock.advance(seconds=200)
        yield json.dumps({"lease_id": held["lease_id"], "claim_next": {"queue": "emails"}}).encode()[1:]

    answer = await org.call("POST", f"/jobs/{held['id']}/complete", 200, content=slowly())

    [following] = answer["next"]
    left = datetime.fromisoformat(following["lease_expires_at"]) - clock()
    assert left.total_seconds() > 290
