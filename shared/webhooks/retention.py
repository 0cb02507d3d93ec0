"""Deliveries are kept for as many days as the plan keeps history."""

from datetime import datetime, timedelta
from time import monotonic

from shared import ids
from shared.core import Core
from shared.limits.plans import limits_of
from shared.store import SYSTEM, load_queries

QUERIES = load_queries(__file__)
_PAGE = 200
_BATCH = 500
_LONGEST_DAYS = 10_000
"""More is for ever; the custom limit of an organization is any number."""


async def delete_old_webhook_deliveries(core: Core, now: datetime, deadline: float) -> int:
    """Delete, of each organization, the deliveries past its history, a bounded number of each in turn."""
    total = 0
    while True:
        deleted = after = 0
        while True:
            page = await core.store.fetch(SYSTEM, QUERIES["organizations"], after=after, limit=_PAGE)
            days = [_days(row["plan_tier"], row["custom_limits"]) for row in page]
            row = await core.store.fetch_one(
                SYSTEM,
                QUERIES["delete_old_deliveries"],
                org_ids=[row["org_id"] for row in page],
                before=[ids.first_of(now, -timedelta(days=kept)) for kept in days],
                limit=_BATCH,
            )
            deleted += row["deleted"] if row else 0
            if len(page) < _PAGE or monotonic() >= deadline:
                break
            after = page[-1]["org_id"]
        total += deleted
        if not deleted or monotonic() >= deadline:
            return total


def _days(tier: str, custom_limits: dict[str, int] | None) -> int:
    return min(limits_of(tier, custom_limits).history_retention_days, _LONGEST_DAYS)
