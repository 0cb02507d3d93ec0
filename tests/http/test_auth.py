"""Tokens: signing in with a key, refreshing, signing out, and what a token is not good for."""

import base64
import json
from datetime import timedelta
from typing import Any

import jwt
import pytest

from functions.ticks.tokens import run_once as forget_tokens
from shared.core import Core
from shared.tenants.tokens import _signing_key
from tests.support.api import Api, Tenant
from tests.support.clock import MovingClock


async def signed_in(org: Tenant) -> tuple[Tenant, dict[str, Any]]:
    """The organization through an access token, and what signing in answered."""
    answer = await Api(org.client).post("/auth/login", {"api_key": org.key})
    return Tenant(org.client, answer["access_token"], org.org_id), answer


def claims_of(token: str) -> dict[str, Any]:
    """The claims as a client reads them, unverified."""
    body = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


async def test_a_key_is_exchanged_for_tokens_that_do_what_it_does(org: Tenant) -> None:
    """An access token opens the same routes as its key, for an hour."""
    session, answer = await signed_in(org)
    job = await session.push()
    me = await session.get("/auth/me")

    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 3600)
    assert answer["refresh_expires_in"] == 30 * 86_400
    assert answer["access_token"].count(".") == 2
    assert claims_of(answer["access_token"])["exp"] - claims_of(answer["access_token"])["iat"] == 3600
    assert job["organization_id"] == me["organization_id"] == me["organization"]["id"] == org.org_id
    assert me["queues"] == []
    assert me["expires_at"] > me["issued_at"]


async def test_me_knows_an_api_key_too(org: Tenant) -> None:
    """A client that has not signed in learns as much."""
    me = await org.get("/auth/me")

    assert (me["organization_id"], me["expires_at"][:4]) == (org.org_id, "9999")
    assert {"jobs:read", "jobs:write", "jobs:delete", "queues:admin"} <= set(me["permissions"])


async def test_a_token_has_the_rights_of_its_key_and_no_more(org: Tenant) -> None:
    """Permissions and queues of the key bind its tokens."""
    narrow = await org.with_key(permissions=["jobs:write"], queues=["emails"])
    session, _ = await signed_in(narrow)

    await session.push("emails")
    await session.push("reports", status=403)
    await session.get("/jobs", status=403)
    me = await session.get("/auth/me")
    assert (me["queues"], me["permissions"]) == (["emails"], ["jobs:write"])


async def test_an_access_token_ends_after_an_hour(org: Tenant, clock: MovingClock) -> None:
    """An expired token is 401 and the refresh token gets a new one."""
    session, answer = await signed_in(org)
    clock.advance(minutes=59)
    await session.get("/auth/me")
    clock.advance(minutes=2)
    refused = await session.get("/auth/me", status=401)
    fresh = await org.post("/auth/refresh", {"refresh_token": answer["refresh_token"]})
    clock.advance(days=31)
    await org.post("/auth/refresh", {"refresh_token": answer["refresh_token"]}, 401)

    assert refused["code"] == "UNAUTHORIZED"
    assert "expired" in refused["message"]
    assert fresh.keys() == {"access_token", "token_type", "expires_in"}


async def test_a_token_never_outlives_its_key(org: Tenant, clock: MovingClock) -> None:
    """A key that expires in ten minutes gives no token for an hour."""
    soon = (clock() + timedelta(minutes=10)).isoformat()
    _, answer = await signed_in(await org.with_key(expires_at=soon))

    assert 590 <= answer["expires_in"] <= 600
    assert answer["refresh_expires_in"] <= 600


async def test_revoking_a_key_ends_its_tokens(org: Tenant) -> None:
    """A token is no way around a revoked key."""
    key = await org.post("/api-keys", {"name": "Laptop"}, 201)
    session, answer = await signed_in(Tenant(org.client, key["key"], org.org_id))
    await session.get("/auth/me")

    await org.delete(f"/api-keys/{key['id']}")

    await session.get("/auth/me", status=401)
    await org.post("/auth/refresh", {"refresh_token": answer["refresh_token"]}, 401)


async def test_two_tokens_of_one_second_differ(org: Tenant) -> None:
    """A refreshed token is another token, even in the same second."""
    _, answer = await signed_in(org)
    body = {"refresh_token": answer["refresh_token"]}
    first, second = await org.post("/auth/refresh", body), await org.post("/auth/refresh", body)

    assert len({first["access_token"], second["access_token"], answer["access_token"]}) == 3


async def test_signing_out_ends_both_tokens_at_once(org: Tenant) -> None:
    """After logout neither the access token nor the refresh token is good; other sessions stay."""
    session, answer = await signed_in(org)
    other, _ = await signed_in(org)
    await session.get("/auth/me")

    await session.post("/auth/logout", {"refresh_token": answer["refresh_token"]}, 204)

    await session.get("/auth/me", status=401)
    await org.post("/auth/refresh", {"refresh_token": answer["refresh_token"]}, 401)
    assert (await org.post("/auth/validate", {"token": answer["access_token"]}))["valid"] is False
    await other.get("/auth/me")
    await org.get("/auth/me")


async def test_signing_out_without_the_refresh_token_leaves_it(org: Tenant) -> None:
    """An empty body ends the access token alone; what is no token of ours changes nothing."""
    session, answer = await signed_in(org)

    response = await session.raw("POST", "/auth/logout", headers={"Content-Type": "application/json"})
    await org.post("/auth/logout", {"refresh_token": "nonsense"}, 204)

    assert (response.status_code, response.content) == (204, b"")
    await session.get("/auth/me", status=401)
    await org.post("/auth/refresh", {"refresh_token": answer["refresh_token"]})


async def test_validate_says_what_a_token_holds(org: Tenant) -> None:
    """A good token shows its claims; a bad one is 200 with the reason."""
    _, answer = await signed_in(org)
    good = await Api(org.client).post("/auth/validate", {"token": answer["access_token"]})
    bad = await Api(org.client).post("/auth/validate", {"token": "nonsense"})
    refresh = await Api(org.client).post("/auth/validate", {"token": answer["refresh_token"]})

    assert good["valid"] is True
    assert good["claims"]["org_id"] == good["organization_id"] == org.org_id
    assert {"api_key_id", "queues", "exp", "iat"} < good["claims"].keys()
    assert (bad["valid"], refresh["valid"]) == (False, False)
    assert bad["error"]


async def test_login_takes_a_key_and_nothing_else(org: Tenant, api: Api) -> None:
    """A wrong key is 401, a short one 400, none 422; a token is no key."""
    _, answer = await signed_in(org)
    wrong = await api.post("/auth/login", {"api_key": "sk_live_" + "x" * 40}, 401)
    await api.post("/auth/login", {"api_key": answer["access_token"][:255]}, 401)
    await api.post("/auth/login", {"api_key": "short"}, 400)
    await api.post("/auth/login", {}, 422)
    await api.post("/auth/refresh", {"refresh_token": answer["access_token"]}, 401)
    await api.call("GET", "/auth/me", 401, headers={"Authorization": f"Bearer {answer['refresh_token']}"})

    assert wrong["code"] == "UNAUTHORIZED"


def forged(claims: dict[str, Any], core: Core, kind: str) -> str:
    """A token that somebody made who should not have."""
    secret = core.settings.secret_key
    if kind == "no signature":
        return jwt.encode(claims, None, algorithm="none")
    if kind == "another algorithm":
        return jwt.encode(claims, _signing_key(secret) * 2, algorithm="HS512")
    if kind == "the same key, another algorithm":
        with pytest.warns(jwt.InsecureKeyLengthWarning):
            return jwt.encode(claims, _signing_key(secret), algorithm="HS384")
    if kind == "the bare secret":
        return jwt.encode(claims, secret.encode(), algorithm="HS256")
    if kind == "no expiry":
        claims = {key: value for key, value in claims.items() if key != "exp"}
        return jwt.encode(claims, _signing_key(secret), algorithm="HS256")
    head, _, signature = jwt.encode(claims, _signing_key(secret), algorithm="HS256").split(".")
    body = base64.urlsafe_b64encode(json.dumps(claims | {"exp": 2**40}).encode()).rstrip(b"=").decode()
    return f"{head}.{body}.{signature}"


@pytest.mark.parametrize(
    "kind",
    [
        "no signature",
        "another algorithm",
        "the same key, another algorithm",
        "the bare secret",
        "no expiry",
        "changed afterwards",
    ],
)
async def test_a_forged_token_is_401(org: Tenant, core: Core, kind: str) -> None:
    """Only HS256 with the server's own signing key is believed."""
    _, answer = await signed_in(org)
    token = forged(claims_of(answer["access_token"]), core, kind)

    refused = await Tenant(org.client, token).get("/auth/me", status=401)

    assert refused["code"] == "UNAUTHORIZED"


async def test_signed_out_tokens_are_forgotten_once_expired(
    org: Tenant, core: Core, clock: MovingClock
) -> None:
    """The list of signed-out tokens does not grow for ever."""
    session, answer = await signed_in(org)
    await session.post("/auth/logout", {"refresh_token": answer["refresh_token"]}, 204)
    await forget_tokens.run_once(core, clock(), 5)
    await org.post("/auth/refresh", {"refresh_token": answer["refresh_token"]}, 401)

    clock.advance(days=31)

    assert (await forget_tokens.run_once(core, clock(), 5))["forgotten"] >= 2
    assert (await forget_tokens.run_once(core, clock(), 5))["forgotten"] == 0
