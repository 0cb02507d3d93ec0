"""GET /api/v1/jobs/{job_id}/dependencies: what a job waits for."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.wire.workflows import DependenciesAnswer
from shared.workflows.dependencies import get_dependencies


@route("GET", "/api/v1/jobs/{job_id}/dependencies", scope="jobs:read", answer=DependenciesAnswer)
async def endpoint(call: Call, job_id: str) -> dict[str, Any]:
    """The jobs that this one waits for, and those that wait for it."""
    return await get_dependencies(call.core, call.caller, job_id, call.now)


handler = lambda_handler(endpoint)
