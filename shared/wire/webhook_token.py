"""Requests and answers about the token of inbound webhooks."""

from datetime import timedelta
from typing import Any

from pydantic import Field

from shared import ids
from shared.wire.rotation import OverlapSeconds
from shared.wire.vocabulary import AnswerModel, Flag, RequestModel


class RegenerateWebhookToken(RequestModel):
    """A new token, and for how long the one before opens webhooks too."""

    overlap_seconds: OverlapSeconds = 0

    @property
    def overlap(self) -> timedelta:
        return timedelta(seconds=self.overlap_seconds)


class ClearWebhookToken(RequestModel):
    """Take the token away."""

    confirm: Flag = Field(default=False, description="Must be true: inbound webhooks stop.")


class WebhookTokenAnswer(AnswerModel):
    """The token and where to send it; both token fields are the same value."""

    webhook_token: str | None
    token: str | None
    webhook_url: str


def webhook_token_answer(base_url: str, org_id: int, token: str | None) -> dict[str, Any]:
    """The answer of all three routes."""
    return {
        "webhook_token": token,
        "token": token,
        "webhook_url": f"{base_url}/api/v1/webhooks/{ids.encode('org', org_id)}/custom",
    }
