"""Trying a webhook: one request at once, which is no delivery and changes nothing."""

from datetime import datetime, timedelta
from typing import Any

import orjson

from shared import ids
from shared.core import Core
from shared.tenants.caller import Caller
from shared.webhooks.attempt import attempt
from shared.webhooks.manage import find_webhook
from shared.webhooks.message import Notice


async def try_webhook(core: Core, caller: Caller, public_id: str, now: datetime) -> dict[str, Any]:
    """Send the event `webhook.test` and say how it went; raises WebhookNotFoundError."""
    row = await find_webhook(core, caller, public_id)
    data = {
        "webhook_id": ids.encode("wh", row["id"]),
        "name": row["name"],
        "message": "This is a test of the webhook.",
    }
    notice = Notice(
        delivery_id=ids.first_of(now, timedelta(0)),
        event="webhook.test",
        data=orjson.dumps(data),
        created_at=now,
        format=row["format"],
    )
    core.fair.step_aside()
    outcome = await attempt(core.settings, notice, row, now)
    return {
        "success": outcome.is_success,
        "status_code": outcome.status_code,
        "response_time_ms": outcome.milliseconds,
        "error": outcome.error,
    }
