"""What an organization uses of what its plan allows."""

from datetime import datetime
from typing import Any

from shared.core import Core
from shared.errors import NotFoundError
from shared.limits.figures import FIGURES, LIMIT_OF, SINCE, day_start
from shared.limits.plans import PlanLimits, limits_of
from shared.store import Row, Scope, load_queries

QUERIES = load_queries(
    __file__,
    figures=", ".join(f"{figure} AS {resource}" for resource, figure in FIGURES.items()),
    since=SINCE,
)
_WARN_FROM = 80
_FULL = 100


async def usage_info(core: Core, scope: Scope, org_id: int, now: datetime) -> dict[str, Any]:
    """Plan, limits, figures and warnings of an organization. Raises NotFoundError for an unknown one."""
    row = await core.store.fetch_one(
        scope, QUERIES["usage"], org_id=org_id, day_start=day_start(now), now=now
    )
    if row is None:
        raise NotFoundError("There is no such organization.")
    limits = limits_of(row["plan_tier"], row["custom_limits"])
    return {
        "plan": limits.tier,
        "plan_display_name": limits.display_name,
        "limits": limits.answer(),
        "usage": _usage(row, limits),
        "warnings": _warnings(row, limits),
    }


def _usage(row: Row, limits: PlanLimits) -> dict[str, Any]:
    usage = {}
    for resource, name in LIMIT_OF.items():
        limit = getattr(limits, name)
        usage[resource] = {
            "current": row[resource],
            "limit": limit,
            "percentage": _percentage(row[resource], limit),
            "is_disabled": limit == 0,
        }
    return usage


def _percentage(current: int, limit: int | None) -> float | None:
    if limit is None:
        return None
    if limit == 0:
        return 100.0 if current else 0.0
    return round(100 * current / limit, 1)


def _warnings(row: Row, limits: PlanLimits) -> list[dict[str, Any]]:
    warnings = []
    for resource, name in LIMIT_OF.items():
        current, limit = row[resource], getattr(limits, name)
        percentage = _percentage(current, limit)
        if percentage is None or percentage < _WARN_FROM:
            continue
        full = percentage >= _FULL
        what = resource.replace("_", " ")
        warnings.append(
            {
                "resource": resource,
                "message": f"{current} of {limit} {what} used"
                + (": the limit is reached." if full else ": the limit is near."),
                "severity": "critical" if full else "warning",
                "current": current,
                "limit": limit,
            }
        )
    return warnings
