"""Requests made from the OpenAPI document, good and bad: the running service keeps to what it publishes."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from shared.edge import Endpoint
from tests.support.api import Api
from tests.support.effort import EFFORT
from tests.support.routes import ENDPOINTS, KINDS, World, by_name
from tests.support.run import started

ADMIN_KEY = "admin-key-for-tests"
SERVICE = {"ADMIN_API_KEY": ADMIN_KEY, "DEFAULT_PLAN": "enterprise"}
BOUNDED = settings(
    max_examples=5 * EFFORT,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
ENDS_ITS_OWN_RUN = {
    "organizations_delete": "closes the organization that sends the requests",
}
"""Routes that are sent ids of nobody alone, with the reason."""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service of its own: on a plan without limits, which the requests would reach at once."""
    with started(tmp_path_factory.mktemp("fuzz") / "data", settings=SERVICE) as run:
        yield run.url


@pytest.fixture(scope="module")
def schema(url: str) -> schemathesis.schemas.BaseSchema:
    document = requests.get(f"{url}/openapi.json", timeout=10).json()
    _never_wait(document)
    found = schemathesis.openapi.from_dict(document)
    found.config.update(base_url=url)
    return found


def _never_wait(node: Any) -> None:
    """A long poll is tested elsewhere."""
    for item in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        _never_wait(item)
    if isinstance(node, dict) and isinstance(node.get("wait_seconds"), dict):
        node["wait_seconds"] |= {"minimum": 0, "maximum": 0}


@pytest.fixture(scope="module")
async def keys(url: str) -> AsyncIterator[dict[str, World]]:
    """One of everything for a key that may do everything and for one that may read jobs."""
    async with httpx.AsyncClient(base_url=url) as client:
        full = await World.of(await Api(client).new_tenant())
        narrow = World(await full.tenant.with_key(permissions=["jobs:read"]), full.ids)
        full.ids["victim"] = [(await Api(client).new_tenant()).org_id]
        yield {"full": full, "narrow": narrow}


def _path_parameters(world: World, endpoint: Endpoint) -> dict[str, str]:
    """Ids that are there; an administrator does to another organization what would end this one."""
    kinds = KINDS | ({"organization_id": "victim"} if endpoint.access == "admin" else {})
    names = [part[1:-1] for part in endpoint.path.split("/") if part.startswith("{")]
    return {name: world.ids[kinds[name]][-1] for name in names}


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=by_name)
@pytest.mark.parametrize("rights", ["full", "narrow"])
def test_answers_are_as_published(
    keys: dict[str, World], schema: Any, rights: str, endpoint: Endpoint
) -> None:
    """No fault, no status, header, media type or field that the document does not say."""
    world = keys[rights]
    operation = schema[endpoint.path][endpoint.method]
    known = {} if endpoint.operation_id in ENDS_ITS_OWN_RUN else _path_parameters(world, endpoint)
    credentials = (
        {"X-Admin-Key": ADMIN_KEY}
        if endpoint.access == "admin"
        else {"Authorization": f"Bearer {world.tenant.key}"}
    )

    @BOUNDED
    @given(data=st.data())
    def fuzzed(data: st.DataObject) -> None:
        here = known if data.draw(st.sampled_from([True, True, False])) else {}
        mode = data.draw(st.sampled_from(GenerationMode))
        case = data.draw(operation.as_strategy(mode, path_parameters=here or None))
        response = case.call(headers=credentials, timeout=10)
        case.validate_response(response, checks=CHECKS)

    fuzzed()
