"""People in tests: they read their mail, sign in and sign up."""

import logging
import re
import uuid
from dataclasses import replace
from typing import Any

import httpx
import pytest

from functions.app import every_function
from shared.core import Core
from shared.edge.service import Service
from tests.support.api import Api, Tenant
from tests.support.mailbox import Mailbox


def fresh_email() -> str:
    return f"j-{uuid.uuid4().hex[:12]}@example.com"


def fresh_slug() -> str:
    return f"s-{uuid.uuid4().hex[:16]}"


def served(core: Core, **settings: Any) -> Api:
    """The API with other settings."""
    changed = replace(core, settings=core.settings.model_copy(update=settings))

    async def opened() -> Core:
        return changed

    transport = httpx.ASGITransport(Service(every_function()[0], opened), client=(uuid.uuid4().hex, 0))
    return Api(httpx.AsyncClient(transport=transport, base_url="http://spooled"))


async def session_of(api: Api, email: str, caplog: pytest.LogCaptureFixture) -> Tenant:
    """Sign in with the code from the log."""
    with caplog.at_level(logging.INFO, "spooled.mail"):
        await api.post("/auth/email/start", {"email": email})
    code = re.findall(r"Your code is (\w{6})", caplog.text)[-1]
    login = await api.post("/auth/email/verify", {"email": email, "code": code})
    return Tenant(api.client, login["access_token"], login["organizations"][0]["id"])


def code_for(mailbox: Mailbox, email: str) -> str:
    """The code of the latest mail to an address."""
    found = re.search(r"Your code is ([A-Z0-9]{6})\n", mailbox.to(email)[-1].get_content())
    assert found
    return found[1]


async def verified(api: Api, mailbox: Mailbox, email: str) -> Any:
    await api.post("/auth/email/start", {"email": email})
    return await api.post("/auth/email/verify", {"email": email, "code": code_for(mailbox, email)})


async def signed_up(api: Api, mailbox: Mailbox, email: str) -> Any:
    offer = await verified(api, mailbox, email)
    body = {"signup_token": offer["signup_token"], "name": "New Company", "slug": fresh_slug()}
    return await api.post("/auth/signup/complete", body, 201)
