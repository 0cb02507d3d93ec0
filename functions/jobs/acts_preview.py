"""POST /api/v1/jobs/acts/preview: what an act on many jobs would do."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.jobs.acts.manage import preview_act
from shared.wire.acts import PreviewActRequest, PreviewAnswer


@route("POST", "/api/v1/jobs/acts/preview", scope=("jobs:write", "jobs:delete"), answer=PreviewAnswer)
async def endpoint(call: Call, body: PreviewActRequest) -> dict[str, Any]:
    """Count the jobs of a filter, show some, and give the token that confirms the act. Nothing is changed.

    The token is good for ten minutes, for this caller, act, filter and arguments; jobs that are made or die
    later are not in the act.
    """
    return await preview_act(call.core, call.caller, body.request(), call.now)


handler = lambda_handler(endpoint)
