"""POST /api/v1/jobs/acts/{act_id}/abort: stop an act."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.jobs.acts.manage import abort_act
from shared.wire.acts import ActAnswer


@route(
    "POST",
    "/api/v1/jobs/acts/{act_id}/abort",
    scope=("jobs:write", "jobs:delete"),
    answer=ActAnswer,
    errors=(409,),
    audit=(),
)
async def endpoint(call: Call, act_id: str) -> dict[str, Any]:
    """Touch no further job; what is done stays done. An act that has ended otherwise is 409."""
    return await abort_act(call.core, call.caller, act_id, call.now)


handler = lambda_handler(endpoint)
