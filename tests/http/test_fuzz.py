"""Random requests near every route's model: never a fault, and only statuses that the route declares."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.edge import Endpoint
from shared.edge.openapi import error_statuses
from tests.support.api import Tenant
from tests.support.effort import EFFORT
from tests.support.routes import ENDPOINTS, World, by_name, good_value, resolved

SLOW = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
UNHARMED = settings(max_examples=10 * EFFORT, deadline=None, derandomize=True, suppress_health_check=SLOW)
NOTHING = [None, [], [None], [[]], {}, {"": None}, "", " ", "\n"]
NUMBERS = [0, -1, 1, 2**31 - 1, 2**31, 2**63 - 1, 2**63, 2**70, -(2**63) - 1, 10**400, 0.5, -0.0, 1e300]
TIMES = ["1970-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59-23:59", "2030-01-01"]
TIMES += ["0001-01-01T00:00:00+23:59", "2030-02-30T00:00:00Z", "2030-01-01T00:00:00"]
TEXTS = [
    "0",
    "-1",
    "true",
    "null",
    "\x7f",
    "\ufeff",
    "\u202e",
    "é",
    "😀" * 200,
    "a" * 255,
    "a" * 256,
    "x" * 5000,
]
TEXTS += ["'; --", "%s", "{}", "../..", "job_0000000000000", "http://[::1", "https://a:99999/", "*"]
TEXTS += ["@daily", "* * * * * * *", "0 0 31 2 *", "Mars/Olympus", "failed,deadletter"]
TREES = [{"a": {"b": [1, {"c": 2**70}]}}, ["a"] * 200, [{}] * 3]
HOSTILE: list[Any] = [*NOTHING, True, False, *NUMBERS, *TIMES, *TEXTS, *TREES]
NEVER_WAIT = {"wait_seconds"}


def values(name: str, schema: dict[str, Any], root: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values near what a field takes: good ones, the edges of its rule, and what nobody should send."""
    hostile = st.sampled_from(HOSTILE)
    if name in NEVER_WAIT:
        return st.sampled_from([0, -1, "1", None, 10**400, 1e300])
    good: st.SearchStrategy[Any] = st.builds(good_value, st.just(name), st.just(schema), st.just(root))
    schema = resolved(schema, root)
    near: list[st.SearchStrategy[Any]] = [good, good, hostile]
    if "enum" in schema:
        near.append(st.sampled_from(schema["enum"]))
    if schema.get("type") in {"integer", "number"}:
        low, high = schema.get("minimum", -5), schema.get("maximum", 2**31)
        near.append(st.sampled_from([low, low - 1, high, high + 1]))
    if schema.get("type") == "string":
        length = schema.get("maxLength", 50)
        near.append(st.sampled_from([length, length + 1]).map(lambda size: "a" * size))
        near.append(st.text(max_size=20))
    if schema.get("type") == "array":
        near.append(st.lists(values("", schema.get("items", {}), root), max_size=4))
    if schema.get("type") == "object" or not schema:
        near.append(objects(schema, root))
        near.append(st.recursive(hostile, lambda inner: st.lists(inner, max_size=3), max_leaves=5))
    return st.one_of(near)


def objects(schema: dict[str, Any], root: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    required = set(schema.get("required", ()))
    fields = {name: values(name, field, root) for name, field in schema.get("properties", {}).items()}
    return st.fixed_dictionaries(
        {name: field for name, field in fields.items() if name in required},
        optional={name: field for name, field in fields.items() if name not in required},
    )


def requests(endpoint: Endpoint) -> st.SearchStrategy[tuple[Any, dict[str, Any], bool]]:
    """A body, a query, and whether the path has an id that is there."""
    nothing: st.SearchStrategy[Any] = st.just({})
    body = query = nothing
    if endpoint.body_model:
        schema = endpoint.body_model.model_json_schema()
        body = st.one_of(objects(schema, schema), objects(schema, schema), st.sampled_from(HOSTILE))
    if endpoint.query_model:
        schema = endpoint.query_model.model_json_schema()
        query = objects(schema, schema)
    return st.tuples(body, query, st.booleans())


@pytest.fixture
async def world(org: Tenant) -> World:
    """One of everything, for the requests to meet."""
    return await World.of(org)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=by_name)
@UNHARMED
@given(data=st.data())
async def test_no_request_is_a_fault(world: World, endpoint: Endpoint, data: st.DataObject) -> None:
    """Whatever a request says, the answer is a good one or a 4xx that the route declares."""
    body, query, known = data.draw(requests(endpoint))
    response = await world.tenant.raw(
        endpoint.method,
        world.path(endpoint) if known else world.path(endpoint, unknown="job_0000000000001"),
        json=body,
        params={name: str(value) for name, value in query.items()},
        headers=world.headers(endpoint),
    )

    declared = {endpoint.status, 200, *error_statuses(endpoint)} - {503}
    assert response.status_code in declared, (response.status_code, response.text[:1000])
