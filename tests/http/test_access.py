"""Who may come in, for every route of the table: a new route is covered without anyone remembering."""

from collections.abc import AsyncIterator

import pytest

from shared.edge import Endpoint
from shared.edge.opening import open_core
from shared.settings import Settings
from shared.tenants.caller import PERMISSIONS
from tests.support.api import Api, Tenant, api_of
from tests.support.routes import CREATES_BY_PATH, ENDPOINTS, World, by_name, good_body

KEYED = [endpoint for endpoint in ENDPOINTS if endpoint.access == "key"]
CHECKED = [endpoint for endpoint in ENDPOINTS if endpoint.access in {"key", "optional"}]
ADMIN = [endpoint for endpoint in ENDPOINTS if endpoint.access == "admin"]
SCOPED = [endpoint for endpoint in CHECKED if endpoint.scope]
BY_ID = [
    endpoint for endpoint in CHECKED if "{" in endpoint.path and endpoint.operation_id not in CREATES_BY_PATH
]
WRONG_KEYS = ("sk_live_" + "x" * 43, "sk_live_", "eyJhbGciOiJub25lIn0.e30.", "nonsense", "sk_live_éééé")
ACT_OF = {"jobs:write": "retry", "jobs:delete": "delete"}
"""An act for each of the rights that acts take."""
UNKNOWN_IDS = ("x", "job_0", "job_0000000000000", "job_zzzzzzzzzzzzz", "-1", "%00", "%ff", "é", "a" * 3000)


@pytest.fixture(scope="module")
async def api(settings: Settings) -> AsyncIterator[Api]:
    """One for all of these tests, as they change nothing that another looks at."""
    core = await open_core(settings)
    async with api_of(core) as opened:
        yield opened
    await core.close()


@pytest.fixture(scope="module")
async def org(api: Api) -> Tenant:
    return await api.new_tenant()


@pytest.fixture(scope="module")
async def other_org(api: Api) -> Tenant:
    return await api.new_tenant()


@pytest.fixture
async def own_org(api: Api) -> Tenant:
    """For a test that makes something."""
    return await api.new_tenant()


def _anywhere(endpoint: Endpoint) -> str:
    return endpoint.path.replace("{", "").replace("}", "")


@pytest.mark.parametrize("endpoint", KEYED, ids=by_name)
async def test_without_a_key_it_is_401(api: Api, endpoint: Endpoint) -> None:
    """A route that takes a credential refuses a request that has none, whatever else it says."""
    refused = await api.call(endpoint.method, _anywhere(endpoint), 401, content=b"not json")

    assert refused["code"] == "UNAUTHORIZED"


@pytest.mark.parametrize("endpoint", KEYED, ids=by_name)
async def test_a_key_in_the_wrong_place_is_401(org: Tenant, api: Api, endpoint: Endpoint) -> None:
    """Neither X-API-Key nor the query string nor basic authentication carries a credential."""
    path = _anywhere(endpoint)

    await api.call(endpoint.method, path, 401, headers={"X-API-Key": org.key})
    await api.call(endpoint.method, path, 401, params={"token": org.key, "api_key": org.key})
    await api.call(endpoint.method, path, 401, headers={"Authorization": f"Basic {org.key}"})
    await api.call(endpoint.method, path, 401, headers={"Authorization": org.key})


@pytest.mark.parametrize("endpoint", CHECKED, ids=by_name)
async def test_with_a_wrong_key_it_is_401(api: Api, endpoint: Endpoint) -> None:
    """An unknown or malformed credential is 401, also where none would do."""
    for key in WRONG_KEYS:
        headers = {b"Authorization": f"Bearer {key}".encode()}
        response = await api.client.request(endpoint.method, _anywhere(endpoint), headers=headers)
        assert (key, response.status_code, response.json()["code"]) == (key, 401, "UNAUTHORIZED")


@pytest.mark.parametrize("endpoint", SCOPED, ids=by_name)
async def test_without_the_permission_it_is_403(org: Tenant, endpoint: Endpoint) -> None:
    """A key with every permission but the route's own is refused before its body is looked at."""
    narrow = await org.with_key(permissions=sorted(PERMISSIONS - set(endpoint.scope)))

    refused = await narrow.call(endpoint.method, _anywhere(endpoint), 403, content=b"not json")

    assert refused["code"] == "ACCESS_DENIED"
    assert endpoint.scope[0] in refused["message"]


@pytest.mark.parametrize("endpoint", SCOPED, ids=by_name)
async def test_with_the_permission_alone_it_is_let_in(own_org: Tenant, endpoint: Endpoint) -> None:
    """The route's own permission is enough to come in."""
    world = await World.of(own_org)
    for word in endpoint.scope:
        narrow = await own_org.with_key(permissions=[word])
        body = good_body(endpoint) | {"permissions": [word]} if endpoint.body_model else None
        if body and "act" in body:
            body |= {"act": ACT_OF[word]}
        response = await narrow.raw(endpoint.method, world.path(endpoint), json=body)

        assert response.status_code not in {401, 403}, response.text


@pytest.mark.parametrize("endpoint", BY_ID, ids=by_name)
async def test_another_organizations_id_is_404(
    own_org: Tenant, other_org: Tenant, endpoint: Endpoint
) -> None:
    """A request that is good for the owner finds nothing for anybody else, and changes nothing."""
    world = await World.of(own_org)
    body, path = good_body(endpoint), world.path(endpoint)

    refused = await other_org.call(endpoint.method, path, 404, json=body)
    owners = await own_org.raw(endpoint.method, path, json=body)

    assert refused["code"] == "NOT_FOUND"
    assert owners.status_code != 404, owners.text


@pytest.mark.parametrize("endpoint", BY_ID, ids=by_name)
async def test_an_unknown_id_is_404_never_400(org: Tenant, endpoint: Endpoint) -> None:
    """Well formed or not, an id that names nothing is not there."""
    parts = endpoint.path.split("/")
    for value in UNKNOWN_IDS:
        path = "/".join(value if part.startswith("{") else part for part in parts)
        await org.call(endpoint.method, path, 404, json=good_body(endpoint))


@pytest.mark.parametrize("endpoint", ADMIN, ids=by_name)
async def test_admin_routes_take_the_admin_key_alone(org: Tenant, api: Api, endpoint: Endpoint) -> None:
    """Neither no key, nor a wrong one, nor an organization's opens an admin route."""
    path = _anywhere(endpoint)

    await api.call(endpoint.method, path, 401)
    await api.call(endpoint.method, path, 401, headers={"X-Admin-Key": "wrong"})
    await org.call(endpoint.method, path, 401)
