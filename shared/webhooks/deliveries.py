"""The deliveries of a webhook: what was sent and how it went, and sending one again."""

from datetime import datetime
from typing import Any

from shared import ids
from shared.core import Core
from shared.store import load_queries
from shared.tenants.caller import Caller
from shared.webhooks.model import DeliveryNotFoundError, WebhookNotFoundError, delivery_answer

_COLUMNS = ", ".join(
    f"webhook_delivery.{name}"
    for name in (
        "id",
        "webhook_id",
        "event",
        "state",
        "status_code",
        "error",
        "attempts",
        "next_attempt_at",
        "created_at",
        "delivered_at",
    )
) + "".join(
    f", CASE WHEN %(whole)s::boolean THEN webhook_delivery.{name} END AS {name}"
    for name in ("data", "response_body")
)
QUERIES = load_queries(__file__, columns=_COLUMNS)
READABLE = 100
"""The newest of a webhook; what is older is not shown."""


async def list_deliveries(
    core: Core, caller: Caller, public_id: str, *, status: str | None, whole: bool, limit: int, offset: int
) -> list[dict[str, Any]]:
    """The deliveries of a webhook among its newest READABLE, newest first; raises WebhookNotFoundError.

    whole: with the bodies that were sent and answered.
    """
    caller.require_all_queues()
    rows = await core.store.fetch(
        caller.scope,
        QUERIES["list_deliveries"],
        org_id=caller.org_id,
        webhook_id=ids.decode("wh", public_id),
        readable=READABLE,
        status=status,
        whole=whole,
        limit=min(limit, READABLE),
        offset=offset,
    )
    if not rows:
        raise WebhookNotFoundError
    return [delivery_answer(row, whole=whole) for row in rows if row["id"] is not None]


async def get_delivery(core: Core, caller: Caller, public_id: str, delivery_id: str) -> dict[str, Any]:
    """A delivery whole; raises DeliveryNotFoundError."""
    caller.require_all_queues()
    row = await core.store.fetch_one(
        caller.scope,
        QUERIES["find_delivery"],
        org_id=caller.org_id,
        webhook_id=ids.decode("wh", public_id),
        id=ids.decode("dlv", delivery_id),
        whole=True,
    )
    if row is None:
        raise DeliveryNotFoundError
    return delivery_answer(row)


async def retry_delivery(
    core: Core, caller: Caller, public_id: str, delivery_id: str, now: datetime
) -> dict[str, Any]:
    """Have a delivery sent now, with all its attempts before it; one under way is left alone.

    Says no where the webhook is disabled. Raises DeliveryNotFoundError.
    """
    caller.require_all_queues()
    row = await core.store.fetch_one(
        caller.scope,
        QUERIES["retry_delivery"],
        org_id=caller.org_id,
        webhook_id=ids.decode("wh", public_id),
        id=ids.decode("dlv", delivery_id),
        now=now,
    )
    if row is None:
        raise DeliveryNotFoundError
    if not row["enabled"]:
        return {"success": False, "message": "The webhook is disabled: enable it, then retry."}
    if not row["is_queued"]:
        return {"success": True, "message": "The delivery is under way already."}
    return {"success": True, "message": "The delivery is queued and will be sent now."}
