"""The clock's type under the name that the tests here import, and a service that sends mail."""

from collections.abc import AsyncIterator, Iterator

import pytest

from shared.core import Core
from tests.support.api import Api
from tests.support.clock import MovingClock
from tests.support.mailbox import Mailbox, running_mail_server
from tests.support.people import served

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
