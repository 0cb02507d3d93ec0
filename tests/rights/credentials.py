"""Every kind of credential that somebody may come with: good, narrow, spent, misplaced and made up."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tests.rights.declared import KEPT_FROM_MEMBERS, WORDS
from tests.support.api import Api, Tenant
from tests.support.clock import MovingClock
from tests.support.mailbox import Mailbox
from tests.support.people import fresh_email, signed_up, verified

ALL = frozenset(WORDS)
ADMIN_KEY = "admin-key-for-tests"


@dataclass(frozen=True)
class Credential:
    """One way to ask.

    holds: the permissions that it stands for; None: it opens nothing.
    secret: what stands behind `Bearer`, or in the metadata of gRPC; None: it comes another way.
    """

    name: str
    holds: frozenset[str] | None
    secret: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    is_admin: bool = False

    def sent(self) -> dict[str, Any]:
        """The headers and the query of a request."""
        bearer = {} if self.secret is None else {"Authorization": f"Bearer {self.secret}"}
        return {"headers": bearer | self.headers, "params": self.params}


@dataclass(frozen=True)
class Everybody:
    """An organization and everybody who may ask something of it."""

    org_id: str
    owner: Tenant
    credentials: tuple[Credential, ...]


async def everybody(api: Api, clock: MovingClock, mailbox: Mailbox) -> Everybody:
    """Make an organization with all of them; the clock has moved on afterwards."""
    made = await signed_up(api, mailbox, fresh_email())
    org_id = made["organization"]["id"]
    org = Tenant(api.client, made["api_key"], org_id)
    # What is to have expired comes first: the tokens of the others are good for an hour.
    soon = (clock() + timedelta(minutes=30)).isoformat()
    short = await org.post("/api-keys", {"name": "Short", "expires_at": soon}, 201)
    old = await api.post("/auth/login", {"api_key": org.key})
    clock.advance(hours=2)
    refused = {
        "an expired key": short["key"],
        "an expired access token": old["access_token"],
        **await _spent(api, org),
        **await _of_closed_organizations(api),
        **await _made_up(api, org),
    }
    owner = await api.post("/auth/refresh", {"refresh_token": made["refresh_token"]})
    good = [
        Credential("a key", ALL, org.key),
        Credential("an access token", ALL, (await _signed_in(api, org.key))["access_token"]),
        Credential("the owner", ALL, owner["access_token"]),
        Credential("an admin of the organization", ALL, await _member(api, org, mailbox, clock, "admin")),
        Credential("a member", ALL - KEPT_FROM_MEMBERS, await _member(api, org, mailbox, clock, "member")),
        Credential("the admin key", None, None, {"X-Admin-Key": ADMIN_KEY}, is_admin=True),
        Credential("the admin key and a key", ALL, org.key, {"X-Admin-Key": ADMIN_KEY}, is_admin=True),
        *[one async for one in _by_word(org)],
    ]
    refused["a member who was removed"] = await _removed(api, org, mailbox, clock)
    bad = [Credential(name, None, secret) for name, secret in refused.items()]
    return Everybody(org_id, org, (*good, *bad, *_misplaced(org)))


async def _by_word(org: Tenant) -> AsyncIterator[Credential]:
    """A key for each permission alone, and one that has all but it."""
    for word in WORDS:
        only = await org.with_key(permissions=[word])
        yield Credential(f"a key for {word}", frozenset({word}), only.key)
        others = sorted(ALL - {word})
        yield Credential(
            f"a key for all but {word}", ALL - {word}, (await org.with_key(permissions=others)).key
        )
    nothing = await org.with_key(permissions=[])
    yield Credential("a key for nothing", frozenset(), nothing.key)


async def _spent(api: Api, org: Tenant) -> dict[str, str]:
    """What was good a moment ago, and was trusted then."""
    revoked = await org.post("/api-keys", {"name": "Revoked"}, 201)
    switched_off = await org.post("/api-keys", {"name": "Off"}, 201)
    of_revoked = await _signed_in(api, revoked["key"])
    signed_out = await _signed_in(api, org.key)
    for trusted in (revoked["key"], switched_off["key"], of_revoked["access_token"]):
        await Tenant(api.client, trusted).get("/auth/me")
    await org.delete(f"/api-keys/{revoked['id']}")
    await org.put(f"/api-keys/{switched_off['id']}", {"is_active": False})
    await Tenant(api.client, signed_out["access_token"]).post("/auth/logout", {}, 204)
    return {
        "a revoked key": revoked["key"],
        "a key that is switched off": switched_off["key"],
        "an access token of a revoked key": of_revoked["access_token"],
        "an access token that was signed out": signed_out["access_token"],
        "a refresh token": (await _signed_in(api, org.key))["refresh_token"],
    }


async def _of_closed_organizations(api: Api) -> dict[str, str]:
    gone, closed = await api.new_tenant(), await api.new_tenant()
    token = (await _signed_in(api, gone.key))["access_token"]
    await gone.delete(f"/organizations/{gone.org_id}")
    admin = {"X-Admin-Key": ADMIN_KEY}
    path = f"/admin/organizations/{closed.org_id}"
    await api.call("PATCH", path, 200, json={"is_active": False}, headers=admin)
    return {
        "a key of a deleted organization": gone.key,
        "an access token of a deleted organization": token,
        "a key of a closed organization": closed.key,
    }


async def _made_up(api: Api, org: Tenant) -> dict[str, str]:
    head, body, signature = (await _signed_in(api, org.key))["access_token"].split(".")
    return {
        "garbage": "nonsense",
        "a key that is not known": "sk_live_" + "x" * 43,
        "the beginning of a key": org.key[:-1],
        "a key and more": org.key + "x",
        "a key in capitals": org.key.upper(),
        "two keys": f"{org.key},{org.key}",
        "a token without its signature": f"{head}.{body}.",
        "a token with another's signature": f"{head}.{body}.{signature[::-1]}",
        "a token of the algorithm none": f"eyJhbGciOiJub25lIn0.{body}.",
        "the admin key as a key": ADMIN_KEY,
        "the webhook token": (await org.get("/organizations/webhook-token"))["token"],
        "a page of letters": "a" * 7_000,
    }


def _misplaced(org: Tenant) -> Iterator[Credential]:
    """A good key, where none is looked for."""
    yield Credential("no credential", None)
    yield Credential("an empty credential", None, None, {"Authorization": "Bearer"})
    yield Credential("a key as a password", None, None, {"Authorization": f"Basic {org.key}"})
    yield Credential("a key without a scheme", None, None, {"Authorization": org.key})
    yield Credential("a key in X-API-Key", None, None, {"X-API-Key": org.key})
    yield Credential("a key in a cookie", None, None, {"Cookie": f"token={org.key}; Authorization={org.key}"})
    yield Credential("a key in the query", None, params={"token": org.key, "api_key": org.key})
    yield Credential("a key as the admin key", None, None, {"X-Admin-Key": org.key})


async def _signed_in(api: Api, key: str) -> Any:
    return await api.post("/auth/login", {"api_key": key})


async def _member(api: Api, org: Tenant, mailbox: Mailbox, clock: MovingClock, role: str) -> str:
    email = fresh_email()
    await org.post(f"/organizations/{org.org_id}/members", {"email": email, "role": role}, 201)
    clock.advance(minutes=2)  # invited and asked for a code in one minute would be too many mails
    token: str = (await verified(api, mailbox, email))["access_token"]
    return token


async def _removed(api: Api, org: Tenant, mailbox: Mailbox, clock: MovingClock) -> str:
    token = await _member(api, org, mailbox, clock, "admin")
    person = (await Tenant(api.client, token).get("/auth/me"))["user_id"]
    await org.delete(f"/organizations/{org.org_id}/members/{person}")
    return token
