"""A service whose clock can be moved, a mail server, and everybody who may ask something of it."""

from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest

from shared.core import Core
from shared.edge.opening import open_core
from shared.settings import Settings
from tests.rights.credentials import Everybody, everybody
from tests.rights.estate import Estate, estate_of
from tests.rights.rows import Rows
from tests.support.api import Api
from tests.support.clock import MovingClock
from tests.support.mailbox import Mailbox, running_mail_server
from tests.support.people import served


@pytest.fixture(scope="module")
def mailbox() -> Iterator[Mailbox]:
    """A real SMTP server."""
    with running_mail_server() as opened:
        yield opened


@pytest.fixture(scope="module")
def module_clock() -> MovingClock:
    return MovingClock()


@pytest.fixture(scope="module")
async def module_core(settings: Settings, module_clock: MovingClock) -> AsyncIterator[Core]:
    """The services of one process, for a whole file."""
    opened = await open_core(settings, module_clock)
    yield opened
    await opened.close()


@pytest.fixture(scope="module")
async def module_api(module_core: Core, mailbox: Mailbox) -> AsyncIterator[Api]:
    """The API without a credential; it sends mail."""
    api = served(
        module_core,
        smtp_url=mailbox.url,
        mail_from="Spooled <no-reply@spooled.example>",
        stripe_webhook_secret="whsec_of_the_tests",
    )
    async with api.client:
        yield api


@pytest.fixture(scope="module")
async def people(module_api: Api, module_clock: MovingClock, mailbox: Mailbox) -> Everybody:
    """One organization with every kind of credential."""
    return await everybody(module_api, module_clock, mailbox)


@pytest.fixture(scope="module")
async def estate(module_api: Api) -> Estate:
    """An organization in which there is one of everything."""
    return await estate_of(await module_api.new_tenant())


@pytest.fixture(scope="module")
async def rows(estate: Estate, settings: Settings) -> AsyncIterator[Rows]:
    """All that the database holds of it."""
    async with await psycopg.AsyncConnection.connect(settings.database_url, autocommit=True) as connection:
        await connection.execute("SET ROLE spooled_system")
        yield Rows(connection, estate.org)
