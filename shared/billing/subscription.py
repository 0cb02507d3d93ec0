"""The subscription of an organization: read, and kept in step with what Stripe says."""

from datetime import datetime
from typing import Any

from shared import ids
from shared.billing.event import CHECKOUT, ENDED, StripeEvent
from shared.core import Core
from shared.errors import NotFoundError
from shared.store import SYSTEM, Row, load_queries
from shared.tenants.caller import Caller

QUERIES = load_queries(__file__)


async def billing_status(core: Core, caller: Caller) -> dict[str, Any]:
    """The plan and the subscription as last heard of."""
    row = await find_subscription(core, caller)
    return {
        "plan_tier": row["plan_tier"],
        "has_stripe_customer": row["stripe_customer_id"] is not None,
        "stripe_subscription_id": row["stripe_subscription_id"],
        "stripe_subscription_status": row["stripe_subscription_status"],
        "stripe_current_period_end": row["stripe_current_period_end"],
        "stripe_cancel_at_period_end": row["stripe_cancel_at_period_end"],
    }


async def find_subscription(core: Core, caller: Caller) -> Row:
    """The billing columns of the caller's organization."""
    row = await core.store.fetch_one(caller.scope, QUERIES["get_subscription"], org_id=caller.org_id)
    if row is None:
        raise NotFoundError("There is no such organization.")
    return row


async def take_in_event(core: Core, event: StripeEvent, now: datetime) -> bool:
    """Do what an event of Stripe says, and return whether an organization was changed by it.

    One that is about nobody here changes nothing.
    """
    if event.type == CHECKOUT:
        changed = await _link_customer(core, event, now)
    else:
        changed = await _note_subscription(core, event, now)
    for row in changed:
        await core.wakeups.keys_changed(row["org_id"])
    return bool(changed)


async def _link_customer(core: Core, event: StripeEvent, now: datetime) -> list[Row]:
    session = event.subject
    if not session.customer or not session.client_reference_id:
        return []
    return await core.store.fetch(
        SYSTEM,
        QUERIES["link_customer"],
        org_id=ids.decode("org", session.client_reference_id),
        customer=session.customer,
        subscription=session.subscription,
        now=now,
    )


async def _note_subscription(core: Core, event: StripeEvent, now: datetime) -> list[Row]:
    subscription = event.subject
    ended = event.type == ENDED
    return await core.store.fetch(
        SYSTEM,
        QUERIES["note_subscription"],
        customer=subscription.customer,
        subscription=subscription.id,
        status="canceled" if ended else subscription.known_status,
        period_end=subscription.period_end,
        cancel_at_period_end=subscription.cancel_at_period_end,
        plan_tier="free" if ended else subscription.plan_tier,
        event_at=event.created,
        now=now,
    )
