"""The token that opens an organization's inbound webhooks."""

import secrets
from datetime import datetime, timedelta

from shared.core import Core
from shared.errors import InvalidInputError, NotFoundError
from shared.store import Row, load_queries
from shared.tenants.caller import Caller
from shared.tenants.overlaps import Overlap, overlap_text, refuse_a_third

QUERIES = load_queries(__file__)
_SHORTEST_OWN_TOKEN = 16
_NAME = "webhook_token"


async def get_token(core: Core, caller: Caller) -> str | None:
    """The token in force; None once it was cleared.

    It opens every queue: a key that is held to some gets ForbiddenError, here and below.
    """
    caller.require_all_queues()
    row = await core.store.fetch_one(caller.scope, QUERIES["get_token"], org_id=caller.org_id)
    return _token(row)


def token_in_force(row: Row) -> str | None:
    """A token that stands in the settings wins over the one that was made with the organization."""
    own = row["settings"].get(_NAME)
    if isinstance(own, str) and len(own) >= _SHORTEST_OWN_TOKEN:
        return own
    made: str | None = row["webhook_token"]
    return made


async def regenerate_token(core: Core, caller: Caller, now: datetime, overlap: timedelta) -> str | None:
    """A new token; the one before opens webhooks until `overlap` is over, and nothing after it.

    Raises ConflictError while two are good already, unless `overlap` is zero.
    """
    return await _set(core, caller, f"whk_{secrets.token_hex(32)}", now, overlap)


async def clear_token(core: Core, caller: Caller, now: datetime, *, confirm: bool) -> None:
    """Take the token away: inbound webhooks answer 401 until there is a new one.

    Raises InvalidInputError unless it was confirmed.
    """
    if not confirm:
        raise InvalidInputError.of_field(
            "confirm", "must be true: inbound webhooks stop until a token is made again", "confirm_required"
        )
    await _set(core, caller, None, now, timedelta(0))


async def _set(
    core: Core, caller: Caller, token: str | None, now: datetime, overlap: timedelta
) -> str | None:
    caller.require_all_queues()
    async with core.store.transaction(caller.scope) as transaction:
        known = await transaction.fetch_one(QUERIES["lock_token"], org_id=caller.org_id)
        before = _token(known)
        assert known is not None
        if overlap:
            refuse_a_third(known["previous_secrets"], _NAME, now)
        row = await transaction.fetch_one(
            QUERIES["set_token"],
            org_id=caller.org_id,
            token=token,
            overlap=overlap_text(_NAME, Overlap(before, now + overlap) if before and overlap else None),
            now=now,
        )
    return _token(row)


def _token(row: Row | None) -> str | None:
    if row is None:
        raise NotFoundError("There is no such organization.")
    return token_in_force(row)
