"""Previewing, confirming, watching and aborting acts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from shared import ids
from shared.core import Core
from shared.errors import ConflictError, NotFoundError
from shared.jobs.acts.choosing import QUERIES as CHOOSING
from shared.jobs.acts.choosing import Choice
from shared.jobs.acts.kinds import checked
from shared.jobs.acts.request import ActRequest
from shared.jobs.acts.token import Preview, expired, read_token
from shared.jobs.listing import LARGEST_PAGE, list_jobs
from shared.jobs.move import declare_queue_within
from shared.json_text import json_text
from shared.store import Row, load_queries
from shared.tenants.caller import Caller
from shared.tenants.holders import names_of_holders
from shared.tenants.tokens import holder_id

QUERIES = load_queries(__file__)
STATUSES = ("pending", "running", "completed", "aborted", "failed")
COUNTED = 100_000
"""Jobs of one status that a preview counts; of more it says "at least"."""
_SAMPLE = 10


class ActNotFoundError(NotFoundError):
    """There is no such act."""


@dataclass(frozen=True, slots=True)
class ActFilter:
    """Which acts to list; None does not filter."""

    status: str | None = None
    limit: int = 50
    offset: int = 0


async def preview_act(core: Core, caller: Caller, request: ActRequest, now: datetime) -> dict[str, Any]:
    """What an act would do, and the token that confirms it. Nothing is changed.

    Raises ForbiddenError without the right of the single act, InvalidInputError for what means nothing.
    """
    kind = checked(caller, request)
    made = await core.store.fetch_one(caller.scope, CHOOSING["new_act_id"])
    assert made is not None
    choice = Choice(caller, request, made["id"], now)
    counting = choice.counting(kind.looked_at(request), now, COUNTED + 1)
    rows = await core.store.fetch(caller.scope, counting.query, **counting.parameters)
    counts = {row["status"]: min(row["jobs"], COUNTED) for row in rows}
    chosen = kind.chosen(request)
    is_exact = all(row["jobs"] <= COUNTED for row in rows if row["status"] in chosen)
    matched = sum(counts[status] for status in chosen)
    preview = Preview.of(caller, request, choice.act_id, matched, now, is_exact=is_exact)
    sample: list[dict[str, Any]] = []
    if chosen and caller.may("jobs:read"):
        wanted = replace(request.wanted, statuses=chosen, limit=_SAMPLE)
        if wanted.cause is not None:
            wanted = replace(wanted, statuses=None)
        sample, _ = await list_jobs(core, caller, wanted, now)
    return {
        "act": request.act,
        "filter": request.filter(),
        "arguments": request.arguments,
        "matched": matched,
        "matched_is_exact": is_exact,
        "by_status": counts,
        "skipped": [
            {"status": status, "count": count, "reason": kind.rule}
            for status, count in counts.items()
            if count and status not in chosen
        ],
        "sample": sample,
        "token": preview.signed(core.settings.secret_key),
        "expires_at": preview.expires_at,
    }


async def confirm_act(
    core: Core, caller: Caller, request: ActRequest, token: str | None, now: datetime
) -> tuple[dict[str, Any], bool]:
    """The act of a preview, which a timer does from now on, and whether this made it.

    A token that was confirmed before stands for the same act. Raises as `preview_act`, InvalidInputError for
    a token that is not of this caller and request or has expired, and QuotaExceededError for a queue to move
    to that the plan has no room for.
    """
    checked(caller, request)
    preview = read_token(core.settings.secret_keys, token, caller, request)
    known = await _find(core, caller, preview.act_id)
    if known is not None:
        return (await _answers(core, caller, [known]))[0], False
    if preview.expires_at <= now:
        raise expired()
    async with core.store.transaction(caller.scope) as transaction:
        made = await transaction.fetch(
            QUERIES["confirm_act"],
            org_id=caller.org_id,
            id=preview.act_id,
            act=request.act,
            filter=json_text(request.filter(), "filter"),
            arguments=json_text(request.arguments, "arguments"),
            previewed_at=preview.previewed_at,
            matched=preview.matched,
            is_counted=preview.is_exact,
            key_id=caller.key_id if caller.user_id is None else None,
            user_id=caller.user_id,
            now=now,
        )
        if made and request.act == "move":
            await declare_queue_within(transaction, caller, request.arguments["queue_name"], now)
    return await get_act(core, caller, ids.encode("act", preview.act_id)), bool(made)


async def list_acts(core: Core, caller: Caller, wanted: ActFilter) -> tuple[list[dict[str, Any]], bool]:
    """A page of acts, the newest first, and whether more follow. A key held to queues sees its own acts."""
    limit = min(wanted.limit, LARGEST_PAGE)
    rows = await core.store.fetch(
        caller.scope,
        QUERIES["list_acts"],
        org_id=caller.org_id,
        status=wanted.status,
        only_of_key=_only_of_key(caller),
        limit=limit + 1,
        offset=wanted.offset,
    )
    return await _answers(core, caller, rows[:limit]), len(rows) > limit


async def get_act(core: Core, caller: Caller, public_id: str) -> dict[str, Any]:
    """One act. Raises ActNotFoundError, also for another's to a key that is held to queues."""
    row = await _find(core, caller, ids.decode("act", public_id))
    if row is None:
        raise ActNotFoundError
    return (await _answers(core, caller, [row]))[0]


async def abort_act(core: Core, caller: Caller, public_id: str, now: datetime) -> dict[str, Any]:
    """Stop an act: no job is touched from now on, what is done stays done. To abort it again changes nothing.

    Raises ActNotFoundError, and ConflictError for an act that has ended otherwise.
    """
    await core.store.fetch(
        caller.scope,
        QUERIES["abort_act"],
        org_id=caller.org_id,
        id=ids.decode("act", public_id),
        only_of_key=_only_of_key(caller),
        now=now,
    )
    act = await get_act(core, caller, public_id)
    if act["status"] != "aborted":
        raise ConflictError(f"The act is already {act['status']}: there is nothing to abort")
    return act


async def _find(core: Core, caller: Caller, act_id: int) -> Row | None:
    return await core.store.fetch_one(
        caller.scope,
        QUERIES["find_act"],
        org_id=caller.org_id,
        id=act_id,
        only_of_key=_only_of_key(caller),
    )


def _only_of_key(caller: Caller) -> int | None:
    return None if caller.queues is None else caller.key_id


async def _answers(core: Core, caller: Caller, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Acts as the API shows them; people by their address, for a caller that may read the members."""
    people = [ids.encode_optional("user", row["user_id"]) for row in rows]
    names = await names_of_holders(core, caller, people)
    return [_answer(row, names) for row in rows]


def _answer(row: Row, names: Mapping[str, str]) -> dict[str, Any]:
    seen = row["done"] + row["skipped"] + row["failed"]
    progress = 1.0 if row["status"] == "completed" else min(0.99, seen / max(row["matched"], 1))
    is_key = row["user_id"] is None
    who = holder_id(row["key_id"] or ids.UNKNOWN, row["user_id"])
    return {
        "id": ids.encode("act", row["id"]),
        "act": row["act"],
        "filter": row["filter"],
        "arguments": row["arguments"],
        "status": row["status"],
        "matched": row["matched"],
        "matched_is_exact": row["is_counted"],
        "done": row["done"],
        "skipped": row["skipped"],
        "failed": row["failed"],
        "progress": round(progress, 4),
        "error": row["error"],
        "created_by": {
            "type": "api_key" if is_key else "user",
            "id": who,
            "name": row["key_name"] if is_key else names.get(who),
        },
        "created_at": row["created_at"],
        "started_at": row["started_at"],
        "finished_at": row["finished_at"],
    }
