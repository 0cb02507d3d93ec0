"""The clock's type under the name that the tests here import, and what several files here begin with."""

import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from functions.app import every_function
from shared import ids
from shared.core import Core
from shared.edge.opening import open_core
from shared.edge.service import Service
from shared.settings import Settings
from shared.tenants.caller import Caller
from shared.together import Together
from tests.support.api import Api, Tenant, api_of
from tests.support.clock import MovingClock
from tests.support.mailbox import Mailbox, running_mail_server
from tests.support.outbox import World
from tests.support.people import served
from tests.support.watching import open_frozen

__all__ = ["MovingClock"]


@pytest.fixture(scope="session")
def mail_server() -> Iterator[Mailbox]:
    """A real SMTP server."""
    with running_mail_server() as mailbox:
        yield mailbox


@pytest.fixture
async def mailing(core: Core, mail_server: Mailbox) -> AsyncIterator[Api]:
    """The API of a service that sends mail through a real server."""
    api = served(core, smtp_url=mail_server.url, mail_from="Spooled <no-reply@spooled.example>")
    async with api.client:
        yield api


@pytest.fixture
def one_place(core: Core) -> Core:
    """A process in which all go together but for the first, however slow the machine is."""
    return replace(core, together=Together(at_once=1, patience_seconds=60))


@pytest.fixture
def caller(org: Tenant) -> Caller:
    """Who may do everything in the organization, past HTTP."""
    return Caller(org_id=ids.decode("org", org.org_id), key_id=1)


@pytest.fixture(params=["living", "frozen"])
async def process(
    request: pytest.FixtureRequest, settings: Settings, clock: MovingClock
) -> AsyncIterator[World]:
    """A new organization, in a process that lives long and in a Lambda environment."""
    opened = await (open_core if request.param == "living" else open_frozen)(settings)
    core = replace(opened, clock=clock)

    async def given() -> Core:
        return core

    transport = httpx.ASGITransport(Service(every_function()[0], given), client=(uuid.uuid4().hex, 0))
    async with httpx.AsyncClient(transport=transport, base_url="http://spooled") as client:
        yield World(core, await Api(client).new_tenant(), clock)
    await core.close()


@pytest.fixture(scope="session")
async def described(settings: Settings) -> dict[str, Any]:
    """The OpenAPI document, which takes a second to write; not to be written to."""
    core = await open_core(settings)
    async with api_of(core) as api:
        document: dict[str, Any] = await api.get("/openapi.json")
    await core.close()
    return document
