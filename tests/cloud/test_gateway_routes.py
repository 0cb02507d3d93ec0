"""The most specific route takes a request, and `$default` what is left."""

import pytest

from localstack.cloud.deployed import DeployedRoute
from localstack.gateway.routes import Routes

KEYS = [
    "$default",
    "ANY /files/{proxy+}",
    "GET /files/{proxy+}",
    "GET /jobs/{job_id}",
    "ANY /jobs/{job_id}",
    "GET /jobs/stats",
    "POST /jobs/bulk",
    "GET /jobs/{job_id}/history",
    "GET /{area}/{name}/{rest+}",
    "GET /a.b/{x}",
]


def api(*keys: str) -> Routes:
    return Routes(DeployedRoute(key, "function", 30) for key in keys)


@pytest.mark.parametrize(
    ("request_line", "key", "parameters"),
    [
        ("GET /jobs/stats", "GET /jobs/stats", {}),
        ("GET /jobs/bulk", "GET /jobs/{job_id}", {"job_id": "bulk"}),
        ("PUT /jobs/stats", "ANY /jobs/{job_id}", {"job_id": "stats"}),
        ("HEAD /jobs/1", "ANY /jobs/{job_id}", {"job_id": "1"}),
        ("GET /jobs/a b%41é", "GET /jobs/{job_id}", {"job_id": "a b%41é"}),
        ("GET /jobs/1/history", "GET /jobs/{job_id}/history", {"job_id": "1"}),
        ("GET /jobs/1/2", "GET /{area}/{name}/{rest+}", {"area": "jobs", "name": "1", "rest": "2"}),
        ("GET /files/a/b/c", "GET /files/{proxy+}", {"proxy": "a/b/c"}),
        ("POST /files/a", "ANY /files/{proxy+}", {"proxy": "a"}),
        ("GET /files/", "$default", {}),
        ("GET /jobs/", "$default", {}),
        ("GET /jobs", "$default", {}),
        ("HEAD /jobs/1/history", "$default", {}),
        ("GET /jobs/a\nb", "GET /jobs/{job_id}", {"job_id": "a\nb"}),
        ("GET /axb/1", "$default", {}),
        ("GET /", "$default", {}),
    ],
)
def test_the_most_specific_route_takes_it(request_line: str, key: str, parameters: dict[str, str]) -> None:
    """Spelt out before parameter, parameter before greedy, the method before ANY, whatever their order."""
    method, _, path = request_line.partition(" ")
    for keys in (KEYS, KEYS[::-1]):
        matched = api(*keys).match(method, path)

        assert matched
        assert (matched.route.key, matched.parameters) == (key, parameters)


def test_without_a_default_nothing_takes_it() -> None:
    """An API that has no such route and no `$default` has no answer."""
    assert api("GET /jobs").match("POST", "/jobs") is None


def test_a_key_that_is_none_is_named() -> None:
    """A route key that no HTTP API would take is refused at the start."""
    with pytest.raises(ValueError, match="'GET jobs'"):
        api("GET jobs")
