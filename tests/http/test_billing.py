"""Billing over HTTP: with Stripe, and where there is none."""

import hashlib
import hmac
import json
import threading
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import pytest

from functions.app import every_function
from shared.core import Core
from shared.edge.service import Service
from tests.support.api import Api, Tenant

SECRET = "whsec_for_tests"
PORTAL = {"return_url": "https://app.example.com/billing"}


class FakeStripe(BaseHTTPRequestHandler):
    """Opens a portal for every customer but `cus_refused`."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        refused = b"cus_refused" in body or self.headers["authorization"] != "Bearer sk_stripe"
        self.send_response(402 if refused else 200)
        self.end_headers()
        self.wfile.write(json.dumps({"url": f"https://billing.example.com/?{body.decode()}"}).encode())

    def log_message(self, *_: Any) -> None:
        """Nothing: a test's output is its own."""


@pytest.fixture
def stripe_url() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), FakeStripe)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
async def billed(core: Core, org: Tenant, stripe_url: str) -> AsyncIterator[Tenant]:
    """The organization through a service that has Stripe set up."""
    stripe = {
        "stripe_secret_key": "sk_stripe",
        "stripe_webhook_secret": SECRET,
        "stripe_api_url": stripe_url,
    }
    with_stripe = replace(core, settings=core.settings.model_copy(update=stripe))

    async def opened() -> Core:
        return with_stripe

    transport = httpx.ASGITransport(Service(every_function()[0], opened), raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url="http://spooled") as client:
        yield Tenant(client, org.key, org.org_id)


async def send(api: Api, core: Core, kind: str, answered: int = 200, at: int = 0, **fields: Any) -> Any:
    """An event of Stripe, signed, made `at` seconds from now."""
    now = int(core.clock().timestamp())
    event = {"id": "evt_1", "type": kind, "created": now + at, "data": {"object": fields}}
    body = json.dumps(event).encode()
    signature = hmac.new(SECRET.encode(), f"{now}.".encode() + body, hashlib.sha256).hexdigest()
    headers = {"Stripe-Signature": f"t={now},v0=x,v1={signature}"}
    answer = await Api(api.client).call("POST", "/billing/webhook", answered, content=body, headers=headers)
    return answer.get("changed")


async def link(billed: Tenant, core: Core) -> str:
    """Make the organization a customer, as a finished checkout does."""
    customer = f"cus_{uuid.uuid4().hex}"
    assert await send(
        billed,
        core,
        "checkout.session.completed",
        id="cs_1",
        customer=customer,
        subscription="sub_1",
        client_reference_id=billed.org_id,
    )
    return customer


async def test_status_without_a_subscription(org: Tenant) -> None:
    """The required fields stand there and the others are null."""
    assert await org.get("/billing/status") == {
        "plan_tier": "enterprise",
        "has_stripe_customer": False,
        "stripe_subscription_id": None,
        "stripe_subscription_status": None,
        "stripe_current_period_end": None,
        "stripe_cancel_at_period_end": None,
    }


async def test_without_stripe_nothing_is_a_fault(api: Api, org: Tenant) -> None:
    """Where billing is not set up the portal is 400 and the webhook 404."""
    await org.post("/billing/portal", PORTAL, 400)
    await api.post("/billing/webhook", {"type": "x"}, 404)


async def test_the_portal_takes_a_customer_and_an_address(billed: Tenant, core: Core) -> None:
    """Without a customer it is 400, with one it is the address that Stripe gives; the return is a URL."""
    await billed.post("/billing/portal", PORTAL, 400)
    customer = await link(billed, core)
    opened = await billed.post("/billing/portal", PORTAL)

    assert customer in opened["url"]
    await billed.post("/billing/portal", {"return_url": "javascript:alert(1)"}, 400)
    await billed.post("/billing/portal", {}, 422)


async def test_a_refusal_of_stripe_is_no_fault_of_ours(billed: Tenant, core: Core) -> None:
    """What Stripe refuses is a 400 that says so."""
    await send(
        billed,
        core,
        "checkout.session.completed",
        id="cs_1",
        customer=f"cus_refused_{uuid.uuid4().hex}",
        client_reference_id=billed.org_id,
    )

    assert "402" in (await billed.post("/billing/portal", PORTAL, 400))["message"]


async def test_a_subscription_follows_stripe(billed: Tenant, core: Core) -> None:
    """Plan, status and period are those of the newest event, in whatever order events arrive."""
    customer = await link(billed, core)
    price = {"lookup_key": "pro"}
    period = {"price": price, "current_period_end": 2_000_000_000}
    fields: dict[str, Any] = {"id": "sub_1", "customer": customer, "items": {"data": [period]}}
    await send(
        billed,
        core,
        "customer.subscription.updated",
        at=10,
        status="active",
        cancel_at_period_end=True,
        **fields,
    )
    late = await send(billed, core, "customer.subscription.created", status="incomplete", **fields)
    status = await billed.get("/billing/status")

    assert late is False
    assert status == {
        "plan_tier": "pro",
        "has_stripe_customer": True,
        "stripe_subscription_id": "sub_1",
        "stripe_subscription_status": "active",
        "stripe_current_period_end": "2033-05-18T03:33:20Z",
        "stripe_cancel_at_period_end": True,
    }


async def test_the_end_of_a_subscription_is_the_free_plan(billed: Tenant, core: Core) -> None:
    """A deleted subscription ends the plan; the end of an older one does not."""
    customer = await link(billed, core)
    ended = "customer.subscription.deleted"
    other = await send(billed, core, ended, id="sub_old", customer=customer)
    before = await billed.get("/billing/status")
    own = await send(billed, core, ended, id="sub_1", customer=customer)
    after = await billed.get("/billing/status")

    assert (other, before["plan_tier"]) == (False, "enterprise")
    assert (own, after["plan_tier"], after["stripe_subscription_status"]) == (True, "free", "canceled")


async def test_a_customer_is_not_taken_over(billed: Tenant, core: Core, other_org: Tenant) -> None:
    """A checkout that names another organization's customer changes nothing."""
    customer = await link(billed, core)
    taken = await send(
        billed,
        core,
        "checkout.session.completed",
        id="cs_2",
        customer=customer,
        client_reference_id=other_org.org_id,
    )

    assert taken is False
    assert (await other_org.get("/billing/status"))["has_stripe_customer"] is False


async def test_events_that_mean_nothing_here_are_taken_in(billed: Tenant, core: Core) -> None:
    """An unknown kind, or an event about nobody here, is 200; a mistyped one is 422."""
    assert await send(billed, core, "balance.available", available=[]) is False
    assert await send(billed, core, "customer.subscription.updated", id="sub_9", customer="cus_9") is False
    await send(billed, core, "customer.subscription.updated", 422, id=True)


@pytest.mark.parametrize(
    "signature",
    ["", "t=1,v1=00", "v1=", "t=x,v1=é", "t={now}", "t={now},v1={wrong}", "t={old},v1={old_good}"],
)
async def test_a_bad_signature_is_400(billed: Tenant, core: Core, signature: str) -> None:
    """No event is taken in with a signature that is missing, wrong or old."""
    body, now = b'{"type": "x"}', int(core.clock().timestamp())

    def sign(at: int) -> str:
        return hmac.new(SECRET.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()

    header = signature.format(now=now, wrong=sign(now)[::-1], old=now - 301, old_good=sign(now - 301))
    refused = await Api(billed.client).call(
        "POST", "/billing/webhook", 400, content=body, headers={"Stripe-Signature": header.encode()}
    )

    assert refused["details"][0]["code"] == "bad_signature"
