"""POST /api/v1/jobs/acts: confirm an act on many jobs."""

from shared.edge import Answer, Call, lambda_handler, route
from shared.jobs.acts.manage import confirm_act
from shared.wire.acts import ActAnswer, ConfirmActRequest


@route(
    "POST",
    "/api/v1/jobs/acts",
    scope=("jobs:write", "jobs:delete"),
    status=202,
    also=(200,),
    answer=ActAnswer,
    audit=("act", "filter", "arguments"),
)
async def endpoint(call: Call, body: ConfirmActRequest) -> Answer:
    """Begin what was previewed; it goes on in the background. The same token again is 200 with the same act.

    It stops by itself when whoever confirmed it loses the right.
    """
    act, is_new = await confirm_act(call.core, call.caller, body.request(), body.token, call.now)
    return Answer(act, status=202 if is_new else 200)


handler = lambda_handler(endpoint)
