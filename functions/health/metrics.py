"""GET /metrics: the service as Prometheus reads it."""

from shared.edge import Answer, Call, lambda_handler, route
from shared.edge.credential import require_metrics_token
from shared.metrics.exposition import MEDIA_TYPE, exposition


@route("GET", "/metrics", access="public", proof=("none", "bearer"), media_type="text/plain", errors=(401,))
async def endpoint(call: Call) -> Answer:
    """Counts of this process since it started, and figures of all organizations together."""
    require_metrics_token(call.core, call.headers)
    return Answer(await exposition(call.core, call.now), media_type=MEDIA_TYPE)


handler = lambda_handler(endpoint)
