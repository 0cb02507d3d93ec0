"""POST /api/v1/jobs/{job_id}/dependencies: let a job wait for others."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.wire.workflows import AddDependencies, AddedDependenciesAnswer
from shared.workflows.dependencies import add_dependencies


@route(
    "POST",
    "/api/v1/jobs/{job_id}/dependencies",
    scope="jobs:write",
    answer=AddedDependenciesAnswer,
    errors=(409,),
)
async def endpoint(call: Call, job_id: str, body: AddDependencies) -> dict[str, Any]:
    """Add parents to a job that has not started; a cycle is 400."""
    return await add_dependencies(call.core, call.caller, body.new_dependencies(job_id), call.now)


handler = lambda_handler(endpoint)
