"""POST /api/v1/jobs/dlq/purge: delete dead jobs for good."""

from shared.edge import Call, lambda_handler, route
from shared.jobs.dead import purge_dead
from shared.wire.job_views import PurgeDeadAnswer, PurgeDeadRequest


@route(
    "POST",
    "/api/v1/jobs/dlq/purge",
    scope="jobs:delete",
    answer=PurgeDeadAnswer,
    audit=("queue_name", "older_than", "limit"),
)
async def endpoint(call: Call, body: PurgeDeadRequest) -> dict[str, int]:
    """Delete up to 10,000 dead jobs, the oldest first; `confirm` must be true."""
    return {"purged_count": await purge_dead(call.core, call.caller, body.filter())}


handler = lambda_handler(endpoint)
