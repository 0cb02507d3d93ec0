"""Writing and reading the audit log."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared import ids
from shared.core import Core
from shared.json_text import json_text
from shared.store import Row, load_queries, tenant
from shared.tenants.caller import Caller

QUERIES = load_queries(__file__)
LARGEST_PAGE = 1_000
_LONGEST_TARGET = 200
_GOOD = 400
_FAULT = 500


@dataclass(frozen=True, slots=True)
class Entry:
    """An act that is about to be done. Details hold neither payloads nor secrets.

    caller: None for the administrator of the service (`is_admin`) and for who needs no credential.
    """

    org_id: int
    act: str
    target: str | None
    details: dict[str, Any]
    caller: Caller | None
    is_admin: bool
    client_address: str
    request_id: str

    @property
    def actor(self) -> str:
        if self.caller is None:
            return "admin" if self.is_admin else "anonymous"
        return "api_key" if self.caller.user_id is None else "user"


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries; None does not filter. `actor` is the id of a key or person, `admin` or `anonymous`.

    since: inclusive; until: exclusive; after: the id of the last entry of the page before.
    """

    act: str | None = None
    actor: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    after: str | None = None
    limit: int = 50
    offset: int = 0


async def begin_entry(core: Core, entry: Entry, now: datetime) -> int | None:
    """Write down that an act begins; None when there is no such organization."""
    is_key = entry.actor == "api_key"
    row = await core.store.fetch_one(
        tenant(entry.org_id),
        QUERIES["begin_entry"],
        org_id=entry.org_id,
        act=entry.act,
        target=entry.target and entry.target[:_LONGEST_TARGET],
        details=json_text(entry.details, "details"),
        actor=entry.actor,
        key_id=entry.caller.key_id if is_key and entry.caller else None,
        user_id=entry.caller.user_id if entry.caller else None,
        client_address=entry.client_address,
        request_id=entry.request_id,
        now=now,
    )
    return None if row is None else row["id"]


async def end_entry(
    core: Core, entry: Entry, entry_id: int, status: int, code: str | None, made: str | None
) -> None:
    """Write down how it ended: the HTTP status, the code of an error, the id of what was made."""
    await core.store.fetch(
        tenant(entry.org_id),
        QUERIES["end_entry"],
        org_id=entry.org_id,
        id=entry_id,
        status=status,
        code=code,
        made=made,
    )


async def list_entries(core: Core, caller: Caller, wanted: AuditFilter) -> tuple[list[dict[str, Any]], bool]:
    """A page of the log, the newest first, and whether more follows.

    Raises ForbiddenError for a key that is held to queues.
    """
    caller.require_all_queues()
    limit = min(wanted.limit, LARGEST_PAGE)
    rows = await core.store.fetch(
        caller.scope,
        QUERIES["list_entries"],
        org_id=caller.org_id,
        act=wanted.act,
        **_actor(wanted.actor),
        since=wanted.since,
        until=wanted.until,
        below=ids.below("aud", wanted.after),
        limit=limit + 1,
        offset=wanted.offset,
    )
    return [_answer(row) for row in rows[:limit]], len(rows) > limit


def _actor(actor: str | None) -> dict[str, Any]:
    kind = {"key": "api_key"}.get((actor or "").partition("_")[0], (actor or "").partition("_")[0])
    return {
        "actor": kind if actor is not None else None,
        "key_id": ids.decode("key", actor) if actor and kind == "api_key" else None,
        "user_id": ids.decode("user", actor) if actor and kind == "user" else None,
    }


def _answer(row: Row) -> dict[str, Any]:
    named = ids.encode_optional("key", row["key_id"]) or ids.encode_optional("user", row["user_id"])
    return {
        "id": ids.encode("aud", row["id"]),
        "act": row["act"],
        "target": row["target"],
        "details": row["details"],
        "actor": {"type": row["actor"], "id": named, "name": row["key_name"]},
        "client_address": row["client_address"],
        "request_id": row["request_id"],
        "created_at": row["begun_at"],
        "outcome": _outcome(row["status"]),
        "status_code": row["status"],
        "code": row["code"],
    }


def _outcome(status: int | None) -> str:
    if status is None:
        return "unknown"
    if status < _GOOD:
        return "done"
    return "refused" if status < _FAULT else "failed"
