"""Requests and answers about billing."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, ValidationError

from shared.billing.event import StripeEvent, StripeKind
from shared.wire.vocabulary import AnswerModel, RequestModel, input_error


class OpenPortal(RequestModel):
    """Where people come back to."""

    return_url: Annotated[str, Field(max_length=2048, pattern=r"^https?://[^\s/]+\S*$")] = Field(
        examples=["https://app.example.com/billing"]
    )


class PortalAnswer(AnswerModel):
    """Where to send people."""

    url: str


class BillingStatusAnswer(AnswerModel):
    """The plan and the subscription as last heard of from Stripe."""

    plan_tier: str
    has_stripe_customer: bool
    stripe_subscription_id: str | None
    stripe_subscription_status: str | None
    stripe_current_period_end: datetime | None
    stripe_cancel_at_period_end: bool | None


class EventTakenAnswer(AnswerModel):
    """The event arrived; whether anything was changed by it."""

    received: bool
    changed: bool


def stripe_event(value: Any) -> StripeEvent | None:
    """The event of a body, None for one of a kind that means nothing here. Raises InvalidInputError."""
    try:
        return StripeEvent.model_validate(value) if StripeKind.model_validate(value).is_read else None
    except ValidationError as error:
        raise input_error(error) from None
