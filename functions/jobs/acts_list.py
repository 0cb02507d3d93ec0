"""GET /api/v1/jobs/acts: acts on many jobs."""

from shared.edge import Answer, Call, lambda_handler, route
from shared.jobs.acts.manage import list_acts
from shared.wire.acts import ActAnswer, ListActsQuery


@route("GET", "/api/v1/jobs/acts", scope="jobs:read", answer=list[ActAnswer], pages=True)
async def endpoint(call: Call, query: ListActsQuery) -> Answer:
    """A page of acts, newest first; a key that is held to queues sees its own."""
    acts, has_more = await list_acts(call.core, call.caller, query.filter())
    return Answer(acts, headers={"x-has-more": str(has_more).lower()})


handler = lambda_handler(endpoint)
