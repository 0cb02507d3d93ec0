"""Pause and resume: a paused queue takes jobs in and gives none out."""

from datetime import datetime
from typing import Any

from shared.core import Core
from shared.events.wakeups import EVERY_WAITER
from shared.queues.config import TOLD_RESUMED, QueueNotFoundError
from shared.store import load_queries
from shared.tenants.caller import Caller
from shared.tenants.tokens import holder_id
from shared.webhooks.outbox import telling

QUERIES = load_queries(
    __file__,
    told_paused=telling("queue.paused", rows="fresh", item=load_queries(__file__)["paused_item"].sql),
    told_resumed=TOLD_RESUMED,
)


async def pause_queue(
    core: Core, caller: Caller, name: str, reason: str | None, now: datetime
) -> dict[str, Any]:
    """Stop giving out jobs; running ones go on. A queue that is paused already keeps its first instant."""
    row = None
    if caller.may_use_queue(name):
        row = await core.store.fetch_one(
            caller.scope,
            QUERIES["pause_queue"],
            org_id=caller.org_id,
            name=name,
            reason=reason,
            by=holder_id(caller.key_id, caller.user_id),
            now=now,
        )
    if row is None:
        raise QueueNotFoundError
    return {
        "queue_name": name,
        "queue": name,
        "paused": True,
        "paused_at": row["paused_at"],
        "reason": row["pause_reason"],
    }


async def resume_queue(core: Core, caller: Caller, name: str, now: datetime) -> dict[str, Any]:
    """Give out jobs again, whether the queue was paused or disabled, and wake all who wait for one."""
    row = None
    if caller.may_use_queue(name):
        row = await core.store.fetch_one(
            caller.scope, QUERIES["resume_queue"], org_id=caller.org_id, name=name, now=now
        )
    if row is None:
        raise QueueNotFoundError
    core.wakeups.notify(caller.org_id, name, EVERY_WAITER)
    paused_since = row["paused_since"] or now
    return {
        "queue_name": name,
        "queue": name,
        "resumed": True,
        "paused_duration_secs": max(0, int((now - paused_since).total_seconds())),
    }
