"""Sessions: tokens that stand for an API key or a person, which are refreshed, looked at and signed out."""

import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from shared import ids
from shared.core import Core
from shared.errors import UnauthorizedError
from shared.secret_keys import id_of
from shared.store import SYSTEM, load_queries
from shared.tenants.authenticate import caller_of_key, caller_of_token
from shared.tenants.caller import PERMISSIONS, Caller
from shared.tenants.organizations import get_organization
from shared.tenants.tokens import Token, Use, holder_id, read_token

QUERIES = load_queries(__file__)
_ORGANIZATION_FIELDS = ("id", "name", "slug", "plan_tier", "billing_email")
_SHOWN_CLAIMS = ("org_id", "organization_id", "api_key_id", "user_id", "queues", "exp", "iat")
_NEVER = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
_BATCH = 1_000


async def sign_in(core: Core, api_key: str, now: datetime) -> dict[str, Any]:
    """The two tokens of an API key; UnauthorizedError when it is none."""
    return open_session(core, await caller_of_key(core, api_key, now), now)


def open_session(core: Core, caller: Caller, now: datetime) -> dict[str, Any]:
    """The two tokens of somebody who has proven who they are."""
    refresh = _new_token("refresh", caller, now)
    return _access_answer(core, caller, now) | {
        "refresh_token": refresh.signed(core.settings.secret_key),
        "refresh_expires_in": refresh.lifetime_seconds,
    }


async def refresh(core: Core, refresh_token: str, now: datetime) -> dict[str, Any]:
    """A new access token; UnauthorizedError when the refresh token is none, or was signed out."""
    token = read_token(core.settings.secret_keys, refresh_token, "refresh", now)
    return _access_answer(core, await caller_of_token(core, token, now), now)


async def sign_out(core: Core, credential: str, refresh_token: str | None, now: datetime) -> None:
    """End these tokens at once. What is no valid token, an API key for one, has nothing to end."""
    given: list[tuple[str, Use]] = [(credential, "access"), (refresh_token or "", "refresh")]
    for token in _readable(core, given, now):
        await core.store.fetch(
            SYSTEM,
            QUERIES["revoke_token"],
            org_id=token.org_id,
            token_id=token.token_id,
            expires_at=token.expires_at,
        )
        await core.wakeups.keys_changed(token.org_id)


async def describe_session(core: Core, caller: Caller, credential: str, now: datetime) -> dict[str, Any]:
    """Who a credential stands for. An API key of no end shows the last instant there is as its end."""
    token = next(iter(_readable(core, [(credential, "access")], now)), None)
    organization = await get_organization(core, caller, caller.org_id)
    return {
        "organization_id": organization["id"],
        "api_key_id": holder_id(caller.key_id, caller.user_id),
        "user_id": ids.encode_optional("user", caller.user_id),
        "role": caller.role,
        "queues": caller.queue_filter or [],
        "permissions": sorted(PERMISSIONS if caller.permissions is None else caller.permissions),
        "issued_at": token.issued_at if token else now,
        "expires_at": caller.expires_at or _NEVER,
        "organization": {name: organization[name] for name in _ORGANIZATION_FIELDS},
    }


async def examine_token(core: Core, text: str, now: datetime) -> dict[str, Any]:
    """Whether an access token would be let in, and what it says; why not otherwise."""
    try:
        token = read_token(core.settings.secret_keys, text, "access", now)
        await caller_of_token(core, token, now)
    except UnauthorizedError as error:
        return {"valid": False, "error": error.message, "message": error.message}
    claims = token.claims()
    return {
        "valid": True,
        "claims": {name: claims[name] for name in _SHOWN_CLAIMS if name in claims},
        "organization_id": claims["organization_id"],
        "expires_at": token.expires_at,
    }


async def note_signing_secret(core: Core, now: datetime) -> None:
    """Note that tokens are signed with the secret of now: nobody keeps a list of them to count later."""
    secret_id = id_of(core.settings.secret_key)
    await core.store.fetch(SYSTEM, QUERIES["note_signing_secret"], secret_id=secret_id, now=now)


async def forget_expired_tokens(core: Core, now: datetime) -> int:
    """Forget signed-out tokens that have expired since, and return how many."""
    rows = await core.store.fetch(SYSTEM, QUERIES["forget_expired_tokens"], now=now, limit=_BATCH)
    return len(rows)


def _new_token(use: Use, caller: Caller, now: datetime) -> Token:
    return Token.issue(use, caller, secrets.token_urlsafe(16), now)


def _access_answer(core: Core, caller: Caller, now: datetime) -> dict[str, Any]:
    token = _new_token("access", caller, now)
    return {
        "access_token": token.signed(core.settings.secret_key),
        "token_type": "Bearer",
        "expires_in": token.lifetime_seconds,
    }


def _readable(core: Core, given: Iterable[tuple[str, Use]], now: datetime) -> list[Token]:
    tokens = []
    for text, use in given:
        try:
            tokens.append(read_token(core.settings.secret_keys, text, use, now))
        except UnauthorizedError:
            continue
    return tokens
