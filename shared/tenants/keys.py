"""API keys: the key itself is shown once and only its keyed hash is kept."""

import secrets
from datetime import datetime
from typing import Any

from shared import ids
from shared.core import Core
from shared.errors import ConflictError, InvalidInputError, NotFoundError, UnauthorizedError
from shared.key_form import KEY_SHOWN
from shared.limits.charge import charge, fetch_charged
from shared.limits.plans import limits_of
from shared.store import Row, load_queries, tenant
from shared.tenants.authenticate import hashed
from shared.tenants.caller import PERMISSIONS, Caller

KEYS_WITHIN_QUEUES = load_queries(__file__)["within_queues"].sql
"""The condition of what a key that is held to queues sees."""
QUERIES = load_queries(__file__, within_queues=KEYS_WITHIN_QUEUES)


class KeyNotFoundError(NotFoundError):
    """There is no such API key."""


def new_key(*, live: bool) -> str:
    """A new API key: 32 random bytes behind the prefix that clients look for."""
    return f"sk_{'live' if live else 'test'}_{secrets.token_urlsafe(32)}"


def check_permissions(permissions: list[str] | None) -> None:
    """Raise InvalidInputError for a word that is no permission."""
    for word in permissions or ():
        if word not in PERMISSIONS:
            known = ", ".join(sorted(PERMISSIONS))
            raise InvalidInputError.of_field(
                "permissions", f"{word!r} is none of {known}", "unknown_permission"
            )


async def create_key(
    core: Core,
    caller: Caller | None,
    org_id: int,
    now: datetime,
    *,
    name: str,
    permissions: list[str] | None = None,
    queues: list[str] | None = None,
    rate_limit: int | None = None,
    expires_at: datetime | None = None,
) -> dict[str, Any]:
    """Make a key for an organization and return it, for the only time with the key itself.

    Without a caller it is the uncredentialed first key: allowed once, by the setting `open_first_key`,
    for an organization that was never used; else UnauthorizedError. NotFoundError for another's organization,
    QuotaExceededError when the plan allows no more.
    """
    check_permissions(permissions)
    if caller is None and not core.settings.first_key_is_open:
        raise UnauthorizedError
    if caller is not None:
        if caller.org_id != org_id:
            raise NotFoundError("There is no such organization.")
        refuse_more_rights(caller, permissions)
        refuse_more_queues(caller, queues or [])
    key = new_key(live=True)
    fields = {
        "name": name,
        **hashed(core.settings, key),
        "key_prefix": key[:KEY_SHOWN],
        "permissions": permissions,
        "queues": queues or [],
        "rate_limit": rate_limit,
        "expires_at": expires_at,
    }
    row = (
        await _create_first_key(core, org_id, fields, now)
        if caller is None
        else await fetch_charged(
            core.store,
            tenant(org_id),
            caller.limits,
            "api_keys",
            QUERIES["create_key"],
            org_id=org_id,
            now=now,
            **fields,
        )
    )
    if row is None:
        raise UnauthorizedError
    return key_answer(row) | {"key": key}


async def _create_first_key(core: Core, org_id: int, fields: dict[str, Any], now: datetime) -> Row | None:
    """The key that nobody asks for by a credential: only its row tells the plan."""
    async with core.store.transaction(tenant(org_id)) as transaction:
        row = await transaction.fetch_one(QUERIES["create_first_key"], org_id=org_id, now=now, **fields)
        if row is not None:
            limits = limits_of(row["plan_tier"], row["custom_limits"])
            await charge(transaction, org_id, limits, {"api_keys": 1}, now)
    return row


def refuse_more_rights(caller: Caller, permissions: list[str] | None) -> None:
    """A key cannot make a key that may do more than itself."""
    if caller.permissions is None:
        return
    wanted = PERMISSIONS if permissions is None else frozenset(permissions)
    if not wanted <= caller.permissions:
        missing = ", ".join(sorted(wanted - caller.permissions))
        raise InvalidInputError.of_field("permissions", f"this key cannot grant {missing}", "more_than_own")


def refuse_more_queues(caller: Caller, queues: list[str]) -> None:
    """A key that is held to queues cannot let a key into others."""
    if caller.queues is not None and not (queues and set(queues) <= set(caller.queues)):
        own = ", ".join(sorted(caller.queues))
        raise InvalidInputError.of_field(
            "queues", f"this key can only grant some of its own: {own}", "more_than_own"
        )


async def list_keys(core: Core, caller: Caller) -> list[dict[str, Any]]:
    """All keys of the organization, the newest first, revoked ones too.

    A key that is held to queues sees those that are held to some of its own, here and below.
    """
    rows = await core.store.fetch(
        caller.scope, QUERIES["list_keys"], org_id=caller.org_id, key_queues=caller.queue_filter
    )
    return [key_answer(row) for row in rows]


async def get_key(core: Core, caller: Caller, public_id: str) -> dict[str, Any]:
    """One key. Raises KeyNotFoundError."""
    return key_answer(await _find_key(core, caller, public_id))


async def change_key(
    core: Core,
    caller: Caller,
    public_id: str,
    now: datetime,
    *,
    name: str | None,
    queues: list[str] | None,
    rate_limit: int | None,
    is_active: bool | None,
) -> dict[str, Any]:
    """Change what is not None; it holds for the next request, in every process.

    Raises KeyNotFoundError, ConflictError for a revoked key, and QuotaExceededError for switching one on when
    the plan allows no more.
    """
    if queues is not None:
        refuse_more_queues(caller, queues)
    row = await fetch_charged(
        core.store,
        caller.scope,
        caller.limits,
        "api_keys",
        QUERIES["change_key"],
        org_id=caller.org_id,
        now=now,
        id=ids.decode("key", public_id),
        key_queues=caller.queue_filter,
        name=name,
        queues=queues,
        rate_limit=rate_limit,
        is_active=is_active,
    )
    if row is None:
        await _find_key(core, caller, public_id)
        raise ConflictError("The key was revoked: make a new one with POST /api/v1/api-keys")
    await core.wakeups.keys_changed(caller.org_id)
    return key_answer(row)


async def revoke_key(core: Core, caller: Caller, public_id: str, now: datetime) -> None:
    """End a key for good: the next request with it is refused, in every process. Raises KeyNotFoundError."""
    row = await core.store.fetch_one(
        caller.scope,
        QUERIES["revoke_key"],
        org_id=caller.org_id,
        id=ids.decode("key", public_id),
        key_queues=caller.queue_filter,
        now=now,
    )
    if row is None:
        raise KeyNotFoundError
    await core.wakeups.keys_changed(caller.org_id)


async def _find_key(core: Core, caller: Caller, public_id: str) -> Row:
    row = await core.store.fetch_one(
        caller.scope,
        QUERIES["find_key"],
        org_id=caller.org_id,
        id=ids.decode("key", public_id),
        key_queues=caller.queue_filter,
    )
    if row is None:
        raise KeyNotFoundError
    return row


def key_answer(row: Row) -> dict[str, Any]:
    """A key as the API shows it, without the secret."""
    return {
        "id": ids.encode("key", row["id"]),
        "organization_id": ids.encode("org", row["org_id"]),
        "name": row["name"],
        "key_prefix": row["key_prefix"],
        "permissions": row["permissions"],
        "queues": row["queues"],
        "rate_limit": row["rate_limit"],
        "is_active": row["is_active"],
        "created_at": row["created_at"],
        "last_used": row["last_used"],
        "expires_at": row["expires_at"],
        "revoked_at": row["revoked_at"],
        "rotated_from": ids.encode_optional("key", row["rotated_from"]),
        "rotated_to": ids.encode_optional("key", row["rotated_to"]),
    }
