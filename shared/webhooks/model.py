"""Webhooks and deliveries as the API shows them, and the events that there are."""

from typing import Any, Literal

import orjson

from shared import ids
from shared.errors import NotFoundError
from shared.store import Row
from shared.webhooks.message import Notice, body_of

Format = Literal["json", "slack", "discord", "teams"]
OTHER_SPELLINGS = {
    "job.processing": "job.started",
    "job.dead_letter": "job.deadlettered",
    "worker.offline": "worker.deregistered",
}
WEBHOOK_COLUMNS = (
    "webhook.org_id, webhook.id, webhook.name, webhook.url, webhook.events, webhook.format, webhook.enabled,"
    " webhook.failure_count, webhook.last_triggered_at, webhook.last_status, webhook.created_at,"
    " webhook.updated_at, webhook.previous_secret_ends_at"
)


class WebhookNotFoundError(NotFoundError):
    """Webhook not found"""


class DeliveryNotFoundError(NotFoundError):
    """Delivery not found"""


def webhook_answer(row: Row) -> dict[str, Any]:
    """A webhook, without its secret."""
    return {
        "id": ids.encode("wh", row["id"]),
        "organization_id": ids.encode("org", row["org_id"]),
        "name": row["name"],
        "url": row["url"],
        "events": row["events"],
        "format": row["format"],
        "enabled": row["enabled"],
        "failure_count": row["failure_count"],
        "last_triggered_at": row["last_triggered_at"],
        "last_status": row["last_status"],
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
        "overlap_ends_at": row["previous_secret_ends_at"],
    }


def delivery_answer(row: Row, *, whole: bool = True) -> dict[str, Any]:
    """A delivery of a webhook, with the body that is sent unless it was left out."""
    return {
        "id": ids.encode("dlv", row["id"]),
        "webhook_id": ids.encode("wh", row["webhook_id"]),
        "event": row["event"],
        "payload": orjson.Fragment(body_of(notice_of(row))) if whole else None,
        "status": row["state"],
        "status_code": row["status_code"],
        "response_body": row["response_body"],
        "error": row["error"],
        "attempts": row["attempts"],
        "next_attempt_at": row["next_attempt_at"],
        "created_at": row["created_at"],
        "delivered_at": row["delivered_at"],
    }


def notice_of(row: Row) -> Notice:
    """What a row of the outbox says."""
    return Notice(row["id"], row["event"], orjson.dumps(row["data"]), row["created_at"], row["format"])
