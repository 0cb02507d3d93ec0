"""An API key gets a successor that may do the same, and both are good for a while."""

from datetime import datetime, timedelta
from typing import Any

from shared import ids
from shared.core import Core
from shared.errors import ConflictError
from shared.key_form import KEY_SHOWN
from shared.spoken import instant
from shared.store import Row, load_queries
from shared.tenants.authenticate import hashed
from shared.tenants.caller import Caller
from shared.tenants.keys import (
    KEYS_WITHIN_QUEUES,
    KeyNotFoundError,
    key_answer,
    new_key,
    refuse_more_queues,
    refuse_more_rights,
)

QUERIES = load_queries(__file__, within_queues=KEYS_WITHIN_QUEUES)


async def rotate_key(
    core: Core, caller: Caller, public_id: str, overlap: timedelta, now: datetime
) -> dict[str, Any]:
    """The successor of a key: of the same name, rights, queues, rate and lifetime; the answer holds it.

    The key ends by itself when `overlap` is over, with none at once; its tokens end with it. A caller may
    rotate the key that it is. No plan refuses it: the two count as one.

    Raises KeyNotFoundError, InvalidInputError for a key that may do more than the caller, and ConflictError
    for one that is not good, that has a good successor, or whose predecessor is still good.
    """
    key = new_key(live=True)
    async with core.store.transaction(caller.scope) as transaction:
        named: dict[str, Any] = {"org_id": caller.org_id, "id": ids.decode("key", public_id), "now": now}
        row = await transaction.fetch_one(QUERIES["lock_key"], **named, key_queues=caller.queue_filter)
        if row is None:
            raise KeyNotFoundError
        refuse_more_rights(caller, row["permissions"])
        refuse_more_queues(caller, row["queues"])
        wanted = [one for one in (row["rotated_to"], row["rotated_from"]) if one is not None]
        found = await transaction.fetch(QUERIES["find_relatives"], **named, ids=wanted) if wanted else []
        relatives = {one["id"]: one for one in found}
        successor, predecessor = relatives.get(row["rotated_to"]), relatives.get(row["rotated_from"])
        _refuse(row, successor, predecessor, overlap, now)
        made = await transaction.fetch_one(
            QUERIES["make_successor"],
            **named,
            **hashed(core.settings, key),
            key_prefix=key[:KEY_SHOWN],
            expires_at=_end_of(successor or row, now),
        )
        assert made is not None
        ending = [row["id"]]
        if predecessor is not None and predecessor["is_good"]:
            ending.append(predecessor["id"])
        ended = await transaction.fetch(
            QUERIES["end_keys"], **named, ids=ending, successor=made["id"], ends_at=now + overlap
        )
    await core.wakeups.keys_changed(caller.org_id)
    ends = {one["id"]: one["expires_at"] for one in ended}
    return key_answer(made) | {
        "key": key,
        "previous_key_expires_at": ends[row["id"]] if overlap else now,
    }


def _refuse(
    row: Row, successor: Row | None, predecessor: Row | None, overlap: timedelta, now: datetime
) -> None:
    if successor is not None and successor["is_good"]:
        public_id = ids.encode("key", successor["id"])
        raise ConflictError(
            f"This key was rotated: {public_id} takes its place. Is its secret lost? Revoke {public_id}, then"
            " rotate again.",
            details={"rotated_to": public_id},
        )
    is_good = row["is_active"] and (row["expires_at"] is None or row["expires_at"] > now)
    if not is_good:
        raise ConflictError("The key is not good any more: make a new one with POST /api/v1/api-keys")
    if predecessor is not None and predecessor["is_good"] and overlap:
        raise ConflictError(
            f"The key that this one takes the place of is good until"
            f" {instant(predecessor['expires_at'])}: wait until then, revoke it, or send"
            " overlap_seconds: 0 to end both now."
        )


def _end_of(row: Row, now: datetime) -> datetime | None:
    """A key that was made to last for a time has a successor that lasts as long."""
    end: datetime | None = row["expires_at"]
    return None if end is None else now + (end - row["created_at"])
