"""Holding what a change has made against the limits of the plan, before it is committed.

The change comes first and the count after it, under a lock of the organization: whatever was made at the
same moment is committed and counted, or waits. A refusal undoes the change. A plan without the limit costs
nothing.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.errors import QuotaExceededError
from shared.limits.figures import FIGURES, LIMIT_OF, SINCE, day_start
from shared.limits.plans import PlanLimits
from shared.store import Query, Row, Scope, Statement, Store, Transaction, load_queries

QUERIES = load_queries(__file__, jobs_today=FIGURES["jobs_today"], since=SINCE)
_ROOM = {
    "jobs_today": "the count begins anew at 00:00 UTC",
    "active_jobs": "jobs that end make room",
    "workflows": "workflows that end make room",
}


def are_limited(limits: PlanLimits, *resources: str) -> bool:
    """Whether the plan limits one of the resources, so that a change needs a transaction to be charged in."""
    return any(getattr(limits, LIMIT_OF[resource]) is not None for resource in resources)


async def charge(
    transaction: Transaction, org_id: int, limits: PlanLimits, made: Mapping[str, int], now: datetime
) -> None:
    """Hold what the transaction has made, by resource, against the plan; the last thing before its end.

    Raises QuotaExceededError for a resource that is above its limit with it. What an organization had before
    its plan allowed less stays; there is only no more of it.
    """
    charged = [resource for resource in LIMIT_OF if made.get(resource) and are_limited(limits, resource)]
    if not charged:
        return
    named = {"org_id": org_id, "day_start": day_start(now), "now": now}
    figures = ", ".join(f"{FIGURES[resource]} AS {resource}" for resource in charged)
    statements = [
        Statement(QUERIES["lock_plan"], {"org_id": org_id}),
        Statement(QUERIES["count"].filled(figures=figures), named),
    ]
    if "jobs_today" in charged:
        statements.insert(1, Statement(QUERIES["note_jobs"], named | {"made": made["jobs_today"]}))
    (row,) = (await transaction.fetch_each(statements))[-1]
    refusals = [
        over_limit(limits, resource, row[resource] - made[resource], made[resource])
        for resource in charged
        if row[resource] > getattr(limits, LIMIT_OF[resource])
    ]
    if refusals:
        raise min(refusals, key=lambda refusal: refusal.room)


async def fetch_charged(
    store: Store,
    scope: Scope,
    limits: PlanLimits,
    resource: str,
    query: Query,
    *,
    org_id: int,
    now: datetime,
    **parameters: Any,
) -> Row | None:
    """The row of a statement that makes one of a resource, charged unless its column `is_new` is false.

    Raises QuotaExceededError, having made nothing. Without such a limit it is the statement alone.
    """
    if not are_limited(limits, resource):
        return await store.fetch_one(scope, query, org_id=org_id, now=now, **parameters)
    async with store.transaction(scope) as transaction:
        row = await transaction.fetch_one(query, org_id=org_id, now=now, **parameters)
        if row is not None and row.get("is_new", True):
            await charge(transaction, org_id, limits, {resource: 1}, now)
    return row


def over_limit(limits: PlanLimits, resource: str, current: int, wanted: int = 1) -> QuotaExceededError:
    """The refusal of `wanted` more of a resource."""
    return QuotaExceededError(
        resource=resource,
        current=current,
        limit=getattr(limits, LIMIT_OF[resource]),
        wanted=wanted,
        plan=limits.tier,
        upgrade_to=limits.upgrade_to,
        advice=_ROOM.get(resource, ""),
    )
