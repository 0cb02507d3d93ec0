"""From a credential to its caller: an API key or a token that stands for one, trusted for a few seconds."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain

from shared import ids
from shared.core import Core
from shared.errors import UnauthorizedError
from shared.key_form import KEY_PREFIXES
from shared.limits.plans import limits_of
from shared.secret_keys import id_of
from shared.settings import Settings
from shared.store import SYSTEM, Row, Statement, load_queries
from shared.tenants.caller import Caller, rights_of
from shared.tenants.tokens import LONGEST_TOKEN, Token, read_token
from shared.together import Kind

QUERIES = load_queries(__file__)
_SHORTEST_KEY = 10
_LONGEST_KEY = 255


def hash_key(secret: str, key: str) -> bytes:
    """The keyed hash under which an API key is stored (HMAC-SHA-256)."""
    return hmac.digest(secret.encode(), key.encode(), hashlib.sha256)


def hashes_of(settings: Settings, key: str) -> list[bytes]:
    """The hashes under which an API key may be stored: under the server's secret of now first."""
    return [hash_key(secret, key) for secret in settings.secret_keys]


def hashed(settings: Settings, key: str) -> dict[str, bytes]:
    """The columns of a new key: its hash, and which of the server's secrets it was made with."""
    return {
        "key_hash": hash_key(settings.secret_key, key),
        "hashed_under": id_of(settings.secret_key),
    }


async def authenticate(core: Core, credential: str, now: datetime) -> Caller:
    """The caller of an API key or an access token.

    Raises UnauthorizedError for one that is malformed, unknown, revoked or expired, or whose organization
    was closed: for a key always in the same words, so that nothing can be learnt from them.
    """
    if len(credential) > LONGEST_TOKEN:
        raise UnauthorizedError
    name = core.key_cache.name_of(credential)
    caller = core.key_cache.get(name, now) or await _looked_up(core, credential, name, now)
    if caller.expires_at is not None and caller.expires_at <= now:
        raise UnauthorizedError
    return caller


async def _looked_up(core: Core, credential: str, name: bytes, now: datetime) -> Caller:
    """Requests that come with one credential while it is looked up wait for the next look-up together."""

    async def alone(at: datetime) -> Caller | UnauthorizedError:
        try:
            return await _look_up(core, credential, name, at)
        except UnauthorizedError as refused:
            return refused

    async def shared(instants: Sequence[datetime]) -> Sequence[Caller | UnauthorizedError]:
        return [await alone(max(instants))] * len(instants)

    found = await core.together.do(Kind(("look up", name), alone, shared), now)
    if isinstance(found, UnauthorizedError):
        raise UnauthorizedError(found.message)
    return found


async def _look_up(core: Core, credential: str, name: bytes, now: datetime) -> Caller:
    changes = core.key_cache.changes
    key_hash = None
    if credential.startswith(KEY_PREFIXES):
        key_hash = hash_key(core.settings.secret_key, credential)
        caller = await caller_of_key(core, credential, now)
    else:
        token = read_token(core.settings.secret_keys, credential, "access", now)
        caller = await caller_of_token(core, token, now)
    core.key_cache.put(name, caller, now, changes, key_hash=key_hash)
    return caller


async def caller_of_key(core: Core, key: str, now: datetime) -> Caller:
    """The caller of an API key, looked up; UnauthorizedError for anything else.

    Other keys that the process will have to look up soon are looked up in the same round trip.
    """
    if not (key.startswith(KEY_PREFIXES) and _SHORTEST_KEY <= len(key) <= _LONGEST_KEY):
        raise UnauthorizedError
    hashes = {"key_hashes": hashes_of(core.settings, key), **hashed(core.settings, key)}
    times = {"now": now, "used_before": now - timedelta(minutes=5)}
    statements = [Statement(QUERIES["authenticate_key"], hashes | times)]
    changes, due = core.key_cache.changes, core.key_cache.due(now)
    if due:
        statements.append(Statement(QUERIES["known_keys"], {"key_hashes": [*due], **times}))
    found, *others = await core.store.fetch_each(SYSTEM, statements)
    for row in chain.from_iterable(others):
        core.key_cache.renew(due[row["key_hash"]], _caller(row), now, changes)
    if not found:
        raise UnauthorizedError
    return _caller(found[0])


async def caller_of_token(core: Core, token: Token, now: datetime) -> Caller:
    """The caller of a token: its key or person as they are now; UnauthorizedError when either was revoked."""
    if token.user_id is not None:
        return await _caller_of_member(core, token, token.user_id)
    row = await core.store.fetch_one(
        SYSTEM,
        QUERIES["authenticate_token"],
        org_id=token.org_id,
        key_id=token.key_id,
        token_id=token.token_id,
        now=now,
    )
    if row is None:
        raise UnauthorizedError("The token was signed out, or its API key was revoked.")
    caller = _caller(row)
    return replace(caller, expires_at=min(token.expires_at, caller.expires_at or token.expires_at))


async def _caller_of_member(core: Core, token: Token, user_id: int) -> Caller:
    row = await core.store.fetch_one(
        SYSTEM,
        QUERIES["authenticate_member"],
        org_id=token.org_id,
        user_id=user_id,
        token_id=token.token_id,
        issued_at=token.issued_at,
    )
    if row is None:
        raise UnauthorizedError("The token was signed out, or the person left the organization.")
    return Caller(
        org_id=row["org_id"],
        key_id=ids.UNKNOWN,
        user_id=row["user_id"],
        role=row["role"],
        permissions=rights_of(row["role"]),
        expires_at=token.expires_at,
        limits=limits_of(row["plan_tier"], row["custom_limits"]),
    )


def _caller(row: Row) -> Caller:
    queues = tuple(row["queues"])
    return Caller(
        org_id=row["org_id"],
        key_id=row["id"],
        permissions=None if row["permissions"] is None else frozenset(row["permissions"]),
        queues=None if not queues or "*" in queues else queues,
        rate_limit=row["rate_limit"],
        expires_at=row["expires_at"],
        limits=limits_of(row["plan_tier"], row["custom_limits"]),
    )
