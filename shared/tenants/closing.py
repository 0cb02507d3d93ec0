"""Deleting organizations: closed at once, emptied in batches, gone in the end."""

from datetime import datetime, timedelta
from time import monotonic

from shared.core import Core
from shared.errors import NotFoundError
from shared.store import SYSTEM, Scope, load_queries
from shared.tenants.caller import Caller

QUERIES = load_queries(__file__)
_BATCH = 1_000
_AT_ONCE_SECONDS = 5.0
_LATE_WRITES = timedelta(minutes=1)
"""Requests that were let in before the organization was closed have ended by then."""


async def delete_organization(core: Core, caller: Caller, org_id: int, now: datetime) -> None:
    """Close the caller's organization: its keys stop working, its slug is free, its rows are deleted.

    What cannot be deleted within seconds is left to the retention timer. Raises NotFoundError for another's,
    ForbiddenError for a key that is held to queues.
    """
    caller.require_all_queues()
    row = None
    if org_id == caller.org_id:
        row = await core.store.fetch_one(caller.scope, QUERIES["close_organization"], org_id=org_id, now=now)
    if row is None:
        raise NotFoundError("There is no such organization.")
    await core.wakeups.keys_changed(org_id)
    await _purge(core, caller.scope, org_id, monotonic() + _AT_ONCE_SECONDS)


async def purge_deleted_organizations(core: Core, now: datetime, deadline: float) -> int:
    """Delete what is left of deleted organizations, and return how many are gone for good."""
    gone = 0
    for row in await core.store.fetch(SYSTEM, QUERIES["deleted_organizations"]):
        if monotonic() >= deadline:
            break
        emptied = await _purge(core, SYSTEM, row["org_id"], deadline)
        if emptied and row["deleted_at"] <= now - _LATE_WRITES:
            gone += len(await core.store.fetch(SYSTEM, QUERIES["drop_organization"], org_id=row["org_id"]))
    return gone


async def _purge(core: Core, scope: Scope, org_id: int, deadline: float) -> bool:
    """Whether nothing is left of the organization but its own row."""
    while True:
        row = await core.store.fetch_one(scope, QUERIES["purge_organization"], org_id=org_id, batch=_BATCH)
        if row is None or not row["deleted"]:
            return True
        if monotonic() >= deadline:
            return False
