"""Making API keys; the key itself is shown once and only its keyed hash is kept."""

import secrets
from datetime import datetime
from typing import Any

from shared import ids
from shared.core import Core
from shared.errors import InvalidInputError, NotFoundError, UnauthorizedError
from shared.store import Row, load_queries, tenant
from shared.tenants.authenticate import hash_key
from shared.tenants.caller import PERMISSIONS, Caller

QUERIES = load_queries(__file__)
_SHOWN = 12


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
    for an organization that was never used; else UnauthorizedError. NotFoundError for another's organization.
    """
    check_permissions(permissions)
    if caller is None and not core.settings.first_key_is_open:
        raise UnauthorizedError
    if caller is not None:
        if caller.org_id != org_id:
            raise NotFoundError("There is no such organization.")
        _refuse_more_rights(caller, permissions)
    key = new_key(live=True)
    row = await core.store.fetch_one(
        tenant(org_id),
        QUERIES["create_key" if caller else "create_first_key"],
        org_id=org_id,
        name=name,
        key_hash=hash_key(core.settings.secret_key, key),
        key_prefix=key[:_SHOWN],
        permissions=permissions,
        queues=queues or [],
        rate_limit=rate_limit,
        expires_at=expires_at,
        now=now,
    )
    if row is None:
        raise UnauthorizedError
    return key_answer(row) | {"key": key}


def _refuse_more_rights(caller: Caller, permissions: list[str] | None) -> None:
    """A key cannot make a key that may do more than itself."""
    if caller.permissions is None:
        return
    wanted = PERMISSIONS if permissions is None else frozenset(permissions)
    if not wanted <= caller.permissions:
        missing = ", ".join(sorted(wanted - caller.permissions))
        raise InvalidInputError.of_field("permissions", f"this key cannot grant {missing}", "more_than_own")


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
    }
