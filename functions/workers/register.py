"""POST /api/v1/workers/register: a worker comes."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.wire.workers import RegisteredWorkerAnswer, RegisterWorker
from shared.workers.registry import register_worker


@route(
    "POST",
    "/api/v1/workers/register",
    scope="workers:write",
    status=201,
    answer=RegisteredWorkerAnswer,
    errors=(409,),
)
async def endpoint(call: Call, body: RegisterWorker) -> dict[str, Any]:
    """Note a worker; with a known `worker_id` the worker of before, at no second place of the plan."""
    new_id = f"worker_{call.random.getrandbits(64):016x}"
    return await register_worker(call.core, call.caller, body.registration(new_id), call.now)


handler = lambda_handler(endpoint)
