"""DELETE /api/v1/queues/{queue_name}: delete a queue."""

from shared.edge import Call, lambda_handler, route
from shared.queues.delete import delete_queue
from shared.wire.queues import DeleteQueueQuery


@route(
    "DELETE",
    "/api/v1/queues/{queue_name}",
    scope="queues:admin",
    status=204,
    errors=(409,),
    audit=("delete_jobs",),
)
async def endpoint(call: Call, queue_name: str, query: DeleteQueueQuery) -> None:
    """Delete a queue without unfinished jobs, or with all its jobs (`delete_jobs=true`)."""
    await delete_queue(call.core, call.caller, queue_name, call.now, delete_jobs=query.delete_jobs)


handler = lambda_handler(endpoint)
