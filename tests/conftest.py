"""Real servers for every test: the process that runs the session starts them, its workers share them.

Over them, the whole service as one ASGI application, with a clock to move.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from typing import Any

import psycopg
import pytest

from shared.core import Core
from shared.edge.opening import open_core
from shared.settings import Settings
from tests.support.api import Api, Tenant, api_of
from tests.support.clock import MovingClock
from tests.support.servers import Servers, running_servers

SERVERS = pytest.StashKey[Servers]()
STARTED = pytest.StashKey[ExitStack]()


def pytest_sessionstart(session: pytest.Session) -> None:
    config = session.config
    if config.option.collectonly:
        return
    if hasattr(config, "workerinput"):
        config.stash[SERVERS] = Servers.of_worker(config.workerinput)
        return
    config.stash[STARTED] = started = ExitStack()
    config.stash[SERVERS] = started.enter_context(running_servers())


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    if SERVERS in node.config.stash:
        node.config.stash[SERVERS].tell(node.workerinput)


def pytest_unconfigure(config: pytest.Config) -> None:
    # Called on Ctrl-C too.
    if STARTED in config.stash:
        config.stash[STARTED].close()


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest) -> Servers:
    return request.config.stash[SERVERS]


@pytest.fixture(scope="session")
def database_url(servers: Servers, worker_id: str) -> str:
    """A migrated database of this worker's own."""
    return servers.new_database(f"tests_{worker_id}")


@pytest.fixture(scope="module")
def own_url(servers: Servers, worker_id: str, request: pytest.FixtureRequest) -> str:
    """A database in which no other module's tests leave anything."""
    return servers.new_database(f"{request.module.__name__.replace('.', '_')}_{worker_id}")


@pytest.fixture(scope="session")
def redis_url(servers: Servers, worker_id: str) -> str:
    """A numbered Redis database of this worker's own; its channels are everybody's."""
    number = int(worker_id.removeprefix("gw")) + 1 if worker_id.startswith("gw") else 0
    return f"{servers.redis_url.rpartition('/')[0]}/{number}"


@pytest.fixture(scope="session")
def settings(database_url: str, redis_url: str) -> Settings:
    return Settings(
        spooled_env="development",
        database_url=database_url,
        redis_url=redis_url,
        admin_api_key="admin-key-for-tests",
        validate_answers=True,
    )


@pytest.fixture
def no_timers(database_url: str) -> Iterator[None]:
    """No timer is known, before and after: one that ran alone is silent to whoever looks later."""
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute("DELETE FROM timer_beat")
        yield
        owner.execute("DELETE FROM timer_beat")


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


@pytest.fixture
async def core(settings: Settings, clock: MovingClock) -> AsyncIterator[Core]:
    """The services of one process; each test has its own, so that it can move the clock."""
    opened = await open_core(settings, clock)
    yield opened
    await opened.close()


@pytest.fixture
async def api(core: Core) -> AsyncIterator[Api]:
    """The API without a credential."""
    async with api_of(core) as opened:
        yield opened


@pytest.fixture
async def org(api: Api) -> Tenant:
    """A new organization with a key that may do everything."""
    return await api.new_tenant()


@pytest.fixture
async def other_org(api: Api) -> Tenant:
    """Another organization, which must see nothing of the first."""
    return await api.new_tenant()
