"""POST /api/v1/jobs: push a job."""

from shared.edge import Answer, Call, lambda_handler, route
from shared.jobs.enqueue_one import enqueue_job
from shared.wire.jobs import CreatedJobAnswer, CreateJob


@route(
    "POST",
    "/api/v1/jobs",
    scope="jobs:write",
    status=201,
    also=(200,),
    answer=CreatedJobAnswer,
    errors=(404, 409),
)
async def endpoint(call: Call, body: CreateJob) -> Answer:
    """Push a job, like `dispatch()`. A known idempotency key answers 200 with the first job."""
    call.caller.require_queue(body.queue_name)
    key = body.idempotency_key_or(call.headers.get("idempotency-key"))
    new = body.new_job(body.queue_name, call.now, idempotency_key=key, trace=call.trace)
    job = await enqueue_job(call.core, call.caller, new, call.now)
    return Answer(job, status=201 if job["created"] else 200)


handler = lambda_handler(endpoint)
