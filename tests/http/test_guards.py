"""What a browser may make of an answer: data stays data, no page frames it, no cache keeps it."""

import base64
import hashlib
import re

import pytest

from shared.edge import Endpoint
from tests.support.api import Api, Tenant
from tests.support.routes import ENDPOINTS, by_name

DATA = [
    ("GET", "/jobs", 200),
    ("POST", "/jobs", 422),
    ("GET", "/jobs/job_0", 404),
    ("GET", "/nothing", 404),
    ("PATCH", "/jobs", 405),
    ("GET", "/health", 200),
    ("GET", "/metrics", 200),
    ("GET", "/openapi.json", 200),
    ("OPTIONS", "/nothing", 404),
]
ORIGINS = ("https://app.example.com", "http://localhost:3000", "null", "https://evil.example\\.com", "*")


@pytest.mark.parametrize(("method", "path", "status"), DATA)
async def test_data_is_opened_as_nothing_else(org: Tenant, method: str, path: str, status: int) -> None:
    """JSON and figures keep their type, load and run nothing, stand in no frame and are kept nowhere."""
    response = await org.raw(method, path)

    assert response.status_code == status
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert response.headers["x-frame-options"] == "DENY"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["cache-control"] == "no-store"


async def test_an_answer_without_a_credential_is_guarded_too(api: Api) -> None:
    """A refusal is as much data as what it refuses."""
    response = await api.raw("GET", "/jobs")

    assert response.status_code == 401
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cache-control"] == "no-store"


async def test_a_secret_is_kept_by_no_cache(org: Tenant, api: Api) -> None:
    """Keys and tokens, each shown once, are for who asked and not for what lies between."""
    answers = [
        await org.raw("POST", "/api-keys", json={"name": "Mine"}),
        await api.raw("POST", "/auth/login", json={"api_key": org.key}),
        await org.raw("GET", "/organizations/webhook-token"),
        await org.raw("POST", "/organizations/webhook-token/regenerate", json={}),
    ]

    assert [answer.headers.get_list("cache-control") for answer in answers] == [["no-store"]] * 4


async def test_the_documentation_runs_nothing(api: Api) -> None:
    """`/docs` may have the style that stands in it, known by its hash, and no script, frame or form."""
    page = await api.raw("GET", "/docs")
    policy = dict(part.split(" ", 1) for part in page.headers["content-security-policy"].split("; "))
    (style,) = re.findall(r"<style>(.*?)</style>", page.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()

    assert policy == {
        "default-src": "'none'",
        "frame-ancestors": "'none'",
        "style-src": f"'sha256-{digest}'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert page.headers["x-content-type-options"] == "nosniff"
    assert not re.search(r"<script|<iframe|<form|\sstyle=|\son\w+=|javascript:", page.text)


async def test_a_guard_is_said_once(api: Api) -> None:
    """A file of the console has its own policy, and no second one beside it."""
    for path in ("/console", "/console/main.js"):
        response = await api.raw("GET", path)
        for name in ("content-security-policy", "cache-control", "x-frame-options", "referrer-policy"):
            assert len(response.headers.get_list(name)) == 1, (path, name)
        assert "script-src 'self'" in response.headers["content-security-policy"]
        assert response.headers["cache-control"] == "public, no-cache"


async def test_the_console_is_found_as_a_folder(api: Api) -> None:
    """`/console/` leads to `/console`, on the host that was asked."""
    response = await api.raw("GET", "/console/")

    assert (response.status_code, response.headers["location"]) == (308, "/console")
    assert (await api.raw("HEAD", "/console/")).status_code == 308


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=by_name)
async def test_no_page_of_another_origin_uses_somebodys_sign_in(api: Api, endpoint: Endpoint) -> None:
    """A preflight of any route allows any origin, never with credentials; nothing is ever a cookie."""
    path = re.sub(r"\{\w+\}", "x", endpoint.path)
    for origin in ORIGINS:
        asked = {"Origin": origin, "Access-Control-Request-Method": endpoint.method}
        preflight = await api.raw("OPTIONS", path, headers=asked)
        assert preflight.status_code == 204
        assert preflight.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in preflight.headers
        assert endpoint.method in preflight.headers["access-control-allow-methods"].split(", ")
    given = await api.raw(endpoint.method, path, headers={"Origin": "null", "Cookie": "session=x; token=y"})
    assert "access-control-allow-credentials" not in given.headers
    assert "set-cookie" not in given.headers


async def test_a_credential_in_a_cookie_opens_nothing(org: Tenant, api: Api) -> None:
    """What a browser sends by itself is looked at nowhere, so another site cannot make it act."""
    token = (await api.post("/auth/login", {"api_key": org.key}))["access_token"]
    cookie = "; ".join(
        f"{name}={value}"
        for name in ("token", "access_token", "session", "authorization", "api_key")
        for value in (token, f"Bearer {org.key}")
    )
    for endpoint in ENDPOINTS:
        if endpoint.access == "key":
            path = re.sub(r"\{\w+\}", "x", endpoint.path)
            await api.call(endpoint.method, path, 401, headers={"Cookie": cookie})
