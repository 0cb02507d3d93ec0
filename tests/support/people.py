"""People in tests: they read their mail, sign in and sign up."""

import re
import uuid
from dataclasses import replace
from typing import Any

import httpx

from functions.app import every_function
from shared.core import Core
from shared.edge.service import Service
from tests.support.api import Api
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
