"""The clock's type under the name that the tests here import, and a service that sends mail."""

import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import httpx
import pytest

from functions.app import every_function
from shared.core import Core
from shared.edge.opening import open_core
from shared.edge.service import Service
from shared.settings import Settings
from tests.support.api import Api
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
