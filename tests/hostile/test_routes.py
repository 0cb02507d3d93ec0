"""What nobody should send, to every route of the running service: an answer below 500, and a cheap one."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.app import every_function
from functions.streams.app import every_stream
from shared.edge import Endpoint
from shared.edge.streaming import Streaming
from tests.support.api import Api
from tests.support.effort import examples
from tests.support.hostile import BYTES, HEADERS, JSON, PARTS, TEXTS, TYPES
from tests.support.raw_http import exchange
from tests.support.routes import World, good_body, schema_of
from tests.support.victim import Victim

ENDPOINTS = sorted(
    [*every_function()[0], *Streaming(every_stream()).endpoints], key=lambda endpoint: endpoint.operation_id
)
ENDS_ITS_OWN_RUN = {"organizations_delete", "admin_delete_organization", "auth_logout"}
"""Routes that are sent ids of nobody alone: they would end what the others are sent to."""
LONG_LIVED = {endpoint.operation_id for endpoint in Streaming(every_stream()).endpoints}
MOST_SECONDS = 1.0
MOST_GROWTH_MEGABYTES = 150.0


@pytest.fixture(scope="module")
async def world(victim: Victim) -> World:
    """One of everything, in the running service."""
    async with httpx.AsyncClient(base_url=victim.run.url, timeout=30) as client:
        return await World.of(await Api(client).new_tenant())


@pytest.fixture(scope="module", autouse=True)
def bounded(victim: Victim) -> Iterator[None]:
    """All of it together leaves the service no larger than the first of it made it."""
    before = victim.memory
    yield
    assert victim.memory - before < MOST_GROWTH_MEGABYTES, (before, victim.memory)
    assert victim.faults() == [], victim.run.said[-5_000:]


def hostile_bodies(endpoint: Endpoint) -> st.SearchStrategy[bytes]:
    """No JSON at all, JSON that is no object, and a good body with a field or two that are not."""
    schema = schema_of(endpoint)
    whole = st.sampled_from([value.encode() for value in JSON] + BYTES)
    if schema is None:
        return whole | st.just(b"")
    fields = [*schema.get("properties", {}), "another"]
    value = (
        st.sampled_from(JSON)
        | st.sampled_from(TEXTS).map(_text)
        | st.sampled_from(JSON[:8]).map("[{}]".format)
    )
    good = {name: _text(value) for name, value in (good_body(endpoint) or {}).items()}
    changed = st.lists(st.tuples(st.sampled_from(fields), value), min_size=1, max_size=2)
    return whole | changed.map(lambda pairs: _object([*good.items(), *pairs]).encode())


def _text(value: Any) -> str:
    return json.dumps(value)


def _object(pairs: list[tuple[str, str]]) -> str:
    """Names may come twice."""
    return "{" + ",".join(f"{_text(name)}:{value}" for name, value in pairs if name != "wait_seconds") + "}"


def hostile_queries(endpoint: Endpoint) -> st.SearchStrategy[bytes]:
    names = [*(endpoint.query_model.model_fields if endpoint.query_model else ()), "another", "token"]
    names = [name for name in names if name != "wait_seconds"]
    pair = st.tuples(st.sampled_from(names), st.sampled_from(TEXTS))
    good = st.lists(pair, max_size=3).map(lambda pairs: urlencode(pairs, errors="surrogatepass").encode())
    raw = st.sampled_from(
        [b"%ff=%fe", b"&" * 5_000, b"=" * 5_000, b"a&a=&=a", b"a[]=1&a[0][b]=2", b"%", b"%00=%00", b"#"]
    )
    many = st.sampled_from(names).map(lambda name: f"{name}=1&".encode() * 3_000)
    return st.one_of(good, good, good, raw, many)


@st.composite
def requests(
    draw: st.DrawFn, endpoint: Endpoint
) -> tuple[list[str] | None, bytes, list[tuple[str, bytes]], bytes]:
    """Parts of the path (None: ids that are there), a query, headers and a body."""
    count = endpoint.path.count("{")
    parts = None
    if count and (endpoint.operation_id in ENDS_ITS_OWN_RUN or draw(st.booleans())):
        parts = draw(st.lists(st.sampled_from(PARTS), min_size=count, max_size=count))
    headers = [("Content-Type", draw(st.sampled_from(TYPES)).encode("latin-1"))]
    for name in draw(st.lists(st.sampled_from(HEADERS), max_size=2, unique=True)):
        value = draw(st.sampled_from(TEXTS)).encode()[:9_000]
        headers.append((name, value.translate(None, b"\x00\r\n")))
    body = b"" if endpoint.method == "GET" and draw(st.booleans()) else draw(hostile_bodies(endpoint))
    return parts, draw(hostile_queries(endpoint)), headers, body


def test_no_route_is_left_out(victim: Victim) -> None:
    """Whatever the service publishes is sent all this."""
    published = httpx.get(f"{victim.run.url}/openapi.json", timeout=30).json()["paths"]
    routes = {(method.upper(), path) for path, methods in published.items() for method in methods}

    assert {(endpoint.method, endpoint.path) for endpoint in ENDPOINTS} == routes


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.operation_id)
def test_whatever_is_sent_is_answered(victim: Victim, world: World, endpoint: Endpoint) -> None:
    """No answer is a fault, says nothing of its insides, and takes a second of the processor."""

    @examples(6)
    @given(requests(endpoint))
    def fuzzed(request: tuple[list[str] | None, bytes, list[tuple[str, bytes]], bytes]) -> None:
        parts, query, headers, body = request
        path = path_of(endpoint, world, parts)
        credentials = {"Authorization": f"Bearer {world.tenant.key}"} | world.headers(endpoint)
        known = {name.lower() for name, _ in headers}
        headers = headers + [(n, v.encode()) for n, v in credentials.items() if n.lower() not in known]
        headers.append(("Content-Length", str(len(body)).encode()))
        # A stream would not end: its head says the same.
        method = "HEAD" if endpoint.operation_id in LONG_LIVED else endpoint.method
        with victim.costing() as cost:
            answer = exchange(victim.run.url, method, f"{path}?".encode() + query, headers, body)

        assert answer.status < 500 or is_meant(endpoint, answer.status), (answer.status, answer.body[:500])
        assert b"Traceback" not in answer.body
        assert cost.seconds < MOST_SECONDS, (cost, path[:100], body[:100])

    fuzzed()


def path_of(endpoint: Endpoint, world: World, parts: list[str] | None) -> str:
    if parts is None:
        return world.path(endpoint)
    remaining = iter(parts)
    return "/".join(
        quote(next(remaining), safe="%/;@*~'") if part.startswith("{") else part
        for part in endpoint.path.split("/")
    )


def is_meant(endpoint: Endpoint, status: int) -> bool:
    """What the route says of another service, that does not answer."""
    return status in endpoint.errors
