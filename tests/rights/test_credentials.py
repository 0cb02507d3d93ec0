"""Every route by every kind of credential, each cell held against what was decided and not the code."""

import re

import pytest

from shared.edge import Endpoint
from tests.rights.credentials import Credential, Everybody
from tests.rights.declared import Rule, read_rules
from tests.rights.operations import operation_of, operations
from tests.support.api import Api
from tests.support.routes import ENDPOINTS, by_name

RULES = read_rules()
GOOD = b'{"name": "First", "queue_name": "emails", "payload": 1}'
CODES = {401: "UNAUTHORIZED", 403: "ACCESS_DENIED"}


def test_what_is_served_is_what_was_decided_about() -> None:
    """A route, stream or method whose rights nobody stated fails here, and so does a rule of none."""
    assert sorted(RULES) == sorted(operations())


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=by_name)
async def test_each_credential_gets_what_was_decided(
    module_api: Api, people: Everybody, endpoint: Endpoint
) -> None:
    """Who may not is told 401 or 403, in one shape, before anything of the request is looked at."""
    rule = RULES[operation_of(endpoint)]
    wrong = {}
    for credential in people.credentials:
        expected = rule.verdict(credential.holds, is_admin=credential.is_admin)
        got = await _asked(module_api, people, endpoint, rule, credential)
        if got != expected:
            wrong[credential.name] = (got, expected)

    assert wrong == {}


async def _asked(
    api: Api, people: Everybody, endpoint: Endpoint, rule: Rule, credential: Credential
) -> str | int:
    """The verdict of the service on a request that names nothing that is there, with a body of no sense."""
    own = "proof" in rule.rights or rule.first_key
    path = re.sub(r"\{\w+\}", people.org_id if own else "x0", endpoint.path)
    # Where the function itself looks at what opens it, only good input gets that far.
    content = GOOD if (own and credential.secret is None) or "proof" in rule.rights else b"no sense"
    content = content if endpoint.method in {"POST", "PUT", "PATCH"} else b""
    sent = credential.sent()
    response = await api.client.request(endpoint.method, path, content=content, **sent)
    assert response.status_code < 500, response.text
    if response.status_code in CODES:
        said = response.json()
        assert said["code"] == CODES[response.status_code]
        assert said["error"] == said["message"]
        assert response.headers["content-type"] == "application/json"
        return response.status_code
    return 400 if "signature" in rule.rights and response.status_code == 400 else "in"
