"""From a credential to its caller: a look-up by keyed hash, trusted for a few seconds."""

import hashlib
import hmac
from datetime import datetime, timedelta

from shared.core import Core
from shared.errors import UnauthorizedError
from shared.limits.plans import limits_of
from shared.store import SYSTEM, Row, load_queries
from shared.tenants.caller import Caller

QUERIES = load_queries(__file__)
KEY_PREFIXES = ("sk_live_", "sk_test_", "sp_live_", "sp_test_")
_SHORTEST_KEY = 10
_LONGEST_KEY = 255


def hash_key(secret: str, key: str) -> bytes:
    """The keyed hash under which an API key is stored (HMAC-SHA-256)."""
    return hmac.digest(secret.encode(), key.encode(), hashlib.sha256)


async def authenticate(core: Core, credential: str, now: datetime) -> Caller:
    """The caller of an API key.

    Raises UnauthorizedError for a key that is malformed, unknown, revoked or expired, or whose
    organization was closed: always the same answer, so that nothing can be learnt from it.
    """
    if not (credential.startswith(KEY_PREFIXES) and _SHORTEST_KEY <= len(credential) <= _LONGEST_KEY):
        raise UnauthorizedError
    key_hash = hash_key(core.settings.secret_key, credential)
    caller = core.key_cache.get(key_hash, now)
    if caller is None:
        changes = core.key_cache.changes
        row = await core.store.fetch_one(
            SYSTEM,
            QUERIES["authenticate_key"],
            key_hash=key_hash,
            now=now,
            used_before=now - timedelta(minutes=5),
        )
        if row is None:
            raise UnauthorizedError
        caller = _caller(row)
        core.key_cache.put(key_hash, caller, now, changes)
    if caller.expires_at is not None and caller.expires_at <= now:
        raise UnauthorizedError
    return caller


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
