"""Making queues, reading them and changing what their jobs inherit."""

from datetime import datetime
from typing import Any

from shared.core import Core
from shared.errors import DuplicateError, NotFoundError
from shared.events.wakeups import EVERY_WAITER
from shared.limits.charge import fetch_charged
from shared.queues.model import QueueConfig, queue_answer
from shared.store import Row, load_queries
from shared.tenants.caller import Caller
from shared.tenants.tokens import holder_id
from shared.webhooks.outbox import telling

_FRAGMENTS = load_queries(__file__)
TOLD_RESUMED = telling("queue.resumed", rows="fresh", item=_FRAGMENTS["resumed_item"].sql)
"""Tells of the queues in the CTE `fresh`, which give out jobs again since this change."""

QUERIES = load_queries(
    __file__,
    made=_FRAGMENTS["made"].sql,
    told_created=telling(
        "queue.created", rows="saved", item="queue_event(saved.name, saved.enabled, saved.paused_at)"
    ),
    told_made=telling(
        "queue.created", rows="made", item="queue_event(made.name, made.enabled, made.paused_at)"
    ),
    told_resumed=TOLD_RESUMED,
    told_changed=telling(
        "queue.updated", rows="changed", item="queue_event(changed.name, changed.enabled, changed.paused_at)"
    ),
)


class QueueNotFoundError(NotFoundError):
    """There is no such queue."""


async def create_queue(
    core: Core, caller: Caller, name: str, config: QueueConfig, now: datetime
) -> dict[str, Any]:
    """Make a queue.

    Raises DuplicateError when there is one of that name, also one that a job made, QuotaExceededError when
    the plan allows no more.
    """
    caller.require_queue(name)
    row = await fetch_charged(
        core.store,
        caller.scope,
        caller.limits,
        "queues",
        QUERIES["create_queue"],
        org_id=caller.org_id,
        name=name,
        by=holder_id(caller.key_id, caller.user_id),
        now=now,
        **config.parameters(),
    )
    if row is None:
        raise DuplicateError(
            f"There is a queue {name!r} already: change it with PUT /api/v1/queues/{name}/config"
        )
    return queue_answer(row)


async def configure_queue(
    core: Core, caller: Caller, name: str, config: QueueConfig, now: datetime
) -> dict[str, Any]:
    """Change what a request names and leave the rest; a queue that is not there comes into being.

    `enabled: true` also ends a pause. Whoever waits for a job of the queue looks again. Raises
    QuotaExceededError for a new queue when the plan allows no more.
    """
    caller.require_queue(name)
    row = await fetch_charged(
        core.store,
        caller.scope,
        caller.limits,
        "queues",
        QUERIES["configure_queue"],
        org_id=caller.org_id,
        name=name,
        by=holder_id(caller.key_id, caller.user_id),
        now=now,
        **config.parameters(),
    )
    assert row is not None
    core.wakeups.notify(caller.org_id, name, EVERY_WAITER)
    return queue_answer(row)


async def list_queues(core: Core, caller: Caller) -> list[dict[str, Any]]:
    """All queues that the caller may use, by name."""
    rows = await core.store.fetch(
        caller.scope, QUERIES["list_queues"], org_id=caller.org_id, queues=caller.queue_filter
    )
    return [queue_answer(row) for row in rows]


async def get_queue(core: Core, caller: Caller, name: str) -> dict[str, Any]:
    """One queue. Raises QueueNotFoundError, also for one that the key is not for."""
    return queue_answer(await find_queue(core, caller, name))


async def find_queue(core: Core, caller: Caller, name: str) -> Row:
    """The row of a queue. Raises QueueNotFoundError."""
    row = None
    if caller.may_use_queue(name):
        row = await core.store.fetch_one(caller.scope, QUERIES["find_queue"], org_id=caller.org_id, name=name)
    if row is None:
        raise QueueNotFoundError
    return row
