"""Real servers for every test: the process that runs the session starts them, its workers share them."""

from contextlib import ExitStack
from typing import Any

import pytest

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


@pytest.fixture(scope="session")
def redis_url(servers: Servers, worker_id: str) -> str:
    """A numbered Redis database of this worker's own; its channels are everybody's."""
    number = int(worker_id.removeprefix("gw")) + 1 if worker_id.startswith("gw") else 0
    return f"{servers.redis_url.rpartition('/')[0]}/{number}"
