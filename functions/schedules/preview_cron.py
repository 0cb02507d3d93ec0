"""POST /api/v1/schedules/preview: when a cron would fire."""

from datetime import datetime

from shared.edge import Call, lambda_handler, route
from shared.schedules.manage import preview_cron
from shared.wire.schedules import FireAnswer, PreviewCron


@route("POST", "/api/v1/schedules/preview", answer=list[FireAnswer])
async def endpoint(call: Call, body: PreviewCron) -> list[dict[str, datetime]]:
    """The next fires of a cron in UTC and local time, before a schedule is made of it."""
    return preview_cron(body.cron_expression, body.timezone, body.cut_count, call.now)


handler = lambda_handler(endpoint)
