"""GET /api/v1/jobs/dlq/causes: what the dead letters died of."""

from shared.edge import Answer, Call, lambda_handler, route
from shared.jobs.causes import list_causes
from shared.wire.causes import CauseAnswer, ListCausesQuery


@route("GET", "/api/v1/jobs/dlq/causes", scope="jobs:read", answer=list[CauseAnswer], pages=True)
async def endpoint(call: Call, query: ListCausesQuery) -> Answer:
    """Dead jobs in groups whose errors say the same of different things, the largest group first.

    Numbers, ids, hex, quoted text, addresses and paths are left out of the comparison. The `id` of a group is
    the filter `cause` of lists of jobs and of acts.
    """
    causes, has_more = await list_causes(call.core, call.caller, query.filter())
    return Answer(causes, headers={"x-has-more": str(has_more).lower()})


handler = lambda_handler(endpoint)
