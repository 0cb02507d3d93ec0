"""A session of Stripe's billing portal."""

import asyncio
import json
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from shared.billing.subscription import find_subscription
from shared.core import Core
from shared.errors import InvalidInputError
from shared.tenants.caller import Caller

_TIMEOUT_SECONDS = 8
_LARGEST_ANSWER = 1_000_000


class PortalError(InvalidInputError):
    """The billing portal cannot be opened."""


async def portal_url(core: Core, caller: Caller, return_url: str) -> str:
    """The address of a new portal session.

    Raises PortalError where Stripe is not set up, the organization is no customer, or Stripe refuses: a
    fault of another service must not look like one of this one, which clients would try again. Raises
    ForbiddenError for a key that is held to queues.
    """
    caller.require_all_queues()
    settings = core.settings
    if not settings.stripe_secret_key:
        raise PortalError("Billing is not set up here: STRIPE_SECRET_KEY is not set.")
    customer = (await find_subscription(core, caller))["stripe_customer_id"]
    if customer is None:
        raise PortalError("This organization has no Stripe customer: subscribe to a plan first.")
    request = Request(  # noqa: S310 - the address is a setting, not a request's
        f"{settings.stripe_api_url.rstrip('/')}/v1/billing_portal/sessions",
        data=urlencode({"customer": customer, "return_url": return_url}).encode(),
        headers={"Authorization": f"Bearer {settings.stripe_secret_key}"},
        method="POST",
    )
    core.fair.step_aside()
    return await asyncio.to_thread(_ask, request)


def _ask(request: Request) -> str:
    try:
        with urlopen(request, timeout=_TIMEOUT_SECONDS) as response:  # noqa: S310 - as above
            url = json.loads(response.read(_LARGEST_ANSWER))["url"]
    except HTTPError as error:
        error.close()
        raise PortalError(f"Stripe refused to open the portal (status {error.code}).") from None
    except (URLError, OSError, ValueError, KeyError, TypeError):
        raise PortalError("Stripe cannot be reached at the moment; try again later.") from None
    return str(url)
