"""An event of Stripe, as far as it is read here."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from shared.limits.plans import PLANS

CHECKOUT = "checkout.session.completed"
ENDED = "customer.subscription.deleted"
_READ = frozenset({CHECKOUT, ENDED, "customer.subscription.created", "customer.subscription.updated"})
_STATUS = {
    "active": "active",
    "past_due": "past_due",
    "canceled": "canceled",
    "unpaid": "unpaid",
    "trialing": "trialing",
    "incomplete": "incomplete",
    "incomplete_expired": "canceled",
    "paused": "unpaid",
}
"""Stripe's words, under those that clients know."""


def _instant(value: Any) -> Any:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 10**11:
        raise ValueError("must be Unix seconds")
    return datetime.fromtimestamp(value, UTC)


def _id(value: Any) -> Any:
    """An object that Stripe was asked to expand stands for its id."""
    return value.get("id") if isinstance(value, dict) else value


Instant = Annotated[datetime, BeforeValidator(_instant)]
Id = Annotated[str, BeforeValidator(_id), Field(max_length=255)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class StripePrice(_Part):
    """What is paid for; `lookup_key` or `metadata.plan_tier` names the plan."""

    lookup_key: str | None = None
    metadata: dict[str, Any] | None = None


class StripeItem(_Part):
    """One line of a subscription; newer versions of Stripe's API keep the period here."""

    price: StripePrice | None = None
    current_period_end: Instant | None = None


class StripeItems(_Part):
    """The lines of a subscription."""

    data: list[StripeItem] = []


class StripeSubject(_Part):
    """The object of an event: a subscription or a checkout session."""

    id: Id
    customer: Id | None = None
    subscription: Id | None = None
    client_reference_id: str | None = None
    status: str | None = None
    current_period_end: Instant | None = None
    cancel_at_period_end: bool | None = None
    metadata: dict[str, Any] | None = None
    items: StripeItems | None = None

    @property
    def known_status(self) -> str | None:
        return _STATUS.get(self.status or "")

    @property
    def _lines(self) -> list[StripeItem]:
        return self.items.data if self.items else []

    @property
    def period_end(self) -> datetime | None:
        ends = [line.current_period_end for line in self._lines if line.current_period_end]
        return self.current_period_end or max(ends, default=None)

    @property
    def plan_tier(self) -> str | None:
        """The plan that the subscription names, None when it names none."""
        prices = [line.price for line in self._lines if line.price]
        named = [(self.metadata or {}).get("plan_tier")]
        named += [(price.metadata or {}).get("plan_tier") for price in prices]
        named += [price.lookup_key for price in prices]
        return next((name for name in named if isinstance(name, str) and name in PLANS), None)


class StripeData(_Part):
    """The wrapper around an event's object."""

    object: StripeSubject


class StripeKind(_Part):
    """What kind of event it is: only some are read, and the others have any shape."""

    type: Annotated[str, Field(max_length=255)]

    @property
    def is_read(self) -> bool:
        return self.type in _READ


class StripeEvent(StripeKind):
    """What happened, when, to what."""

    created: Instant
    data: StripeData

    @property
    def subject(self) -> StripeSubject:
        return self.data.object
