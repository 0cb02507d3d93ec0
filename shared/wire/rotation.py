"""Requests and answers about keys and secrets that are replaced, both being good for a while."""

from datetime import datetime, timedelta
from typing import Annotated, ClassVar

from pydantic import Field

from shared.wire.tenants import CreatedKeyAnswer
from shared.wire.vocabulary import AnswerModel, Int, RequestModel
from shared.wire.webhooks import WebhookAnswer

_DAY, _LONGEST = 86_400, 30 * 86_400
OverlapSeconds = Annotated[
    Int, Field(ge=0, le=_LONGEST, description="How long the one before is good too; 0: it ends at once.")
]


class Overlap(RequestModel):
    """For how long both are good."""

    example: ClassVar = {"overlap_seconds": _DAY}
    overlap_seconds: OverlapSeconds = _DAY

    @property
    def overlap(self) -> timedelta:
        return timedelta(seconds=self.overlap_seconds)


class RotateSecret(Overlap):
    """Another secret, and for how long both are good."""

    secret: (
        Annotated[str, Field(min_length=1, max_length=255, description="Left out: one is made.")] | None
    ) = None


class RotatedWebhookAnswer(WebhookAnswer):
    """The webhook, with its new secret for the only time."""

    secret: str


class RotatedProviderAnswer(AnswerModel):
    """The secret that a provider is to sign with."""

    provider: str = Field(examples=["github"])
    secret: str
    overlap_ends_at: datetime | None = Field(description="Null: there was none, or it has ended.")


class RotatedKeyAnswer(CreatedKeyAnswer):
    """The key that takes the place, with its secret for the only time."""

    previous_key_expires_at: datetime = Field(description="When the key before ends by itself.")
