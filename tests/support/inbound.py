"""Senders of webhooks, who sign as GitHub and Stripe publish it, and an organization that knows them."""

import hashlib
import hmac
import json
import uuid
from typing import Any

import httpx

from tests.support.api import V1, Tenant

GITHUB_SECRET = "github secret for tests"
STRIPE_SECRET = "whsec_for_inbound_tests"


def hmac_hex(secret: str, signed: bytes) -> str:
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def new_id() -> str:
    return str(uuid.uuid4())


async def set_settings(org: Tenant, status: int = 200, **settings: Any) -> Any:
    return await org.put(f"/organizations/{org.org_id}", {"settings": settings}, status)


async def token_of(org: Tenant) -> str:
    token: str = (await org.get("/organizations/webhook-token"))["token"]
    return token


async def send(org: Tenant, provider: str, content: bytes, **headers: str) -> httpx.Response:
    """A webhook without any credential of the organization but the headers that are named here."""
    named = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    url = f"{V1}/webhooks/{org.org_id}/{provider}"
    return await org.client.request("POST", url, content=content, headers=named)


async def custom(org: Tenant, token: str, **fields: Any) -> httpx.Response:
    body = {"queue_name": "hooks", "payload": {"n": 1}} | fields
    return await send(org, "custom", json.dumps(body).encode(), X_Webhook_Token=token)


async def github(
    org: Tenant, content: bytes = b'{"ref": "main"}', secret: str = GITHUB_SECRET, **headers: str
) -> httpx.Response:
    signature = f"sha256={hmac_hex(secret, content)}"
    given = {"X_GitHub_Event": "push", "X_GitHub_Delivery": new_id(), "X_Hub_Signature_256": signature}
    return await send(org, "github", content, **given | headers)


async def stripe(
    org: Tenant, now: int, event: Any = None, secret: str = STRIPE_SECRET, **headers: str
) -> httpx.Response:
    content = json.dumps({"id": "evt_1", "type": "invoice.paid"} if event is None else event).encode()
    signature = hmac_hex(secret, f"{now}.".encode() + content)
    return await send(
        org, "stripe", content, **{"Stripe_Signature": f"t={now},v0=00,v1={signature}"} | headers
    )


async def log(org: Tenant, **query: Any) -> Any:
    return await org.get("/webhooks/deliveries", query)
