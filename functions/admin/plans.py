"""GET /api/v1/admin/plans: what each plan allows."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.limits.plans import PLANS
from shared.wire.usage import PlanLimitsAnswer


@route("GET", "/api/v1/admin/plans", access="admin", answer=list[PlanLimitsAnswer])
async def endpoint(call: Call) -> list[dict[str, Any]]:  # noqa: ARG001 - every route takes the call
    """All plans with their limits, the smallest first."""
    return [plan.answer() for plan in PLANS.values()]


handler = lambda_handler(endpoint)
