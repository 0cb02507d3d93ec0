"""GET /api/v1/jobs/acts/{act_id}: how far an act is."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.jobs.acts.manage import get_act
from shared.wire.acts import ActAnswer


@route("GET", "/api/v1/jobs/acts/{act_id}", scope="jobs:read", answer=ActAnswer)
async def endpoint(call: Call, act_id: str) -> dict[str, Any]:
    """One act with its progress and who confirmed it."""
    return await get_act(call.core, call.caller, act_id)


handler = lambda_handler(endpoint)
