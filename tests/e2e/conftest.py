"""One run of the service, as `make run` starts it, for the tests of what a user reads and copies."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import pytest
import spooled
from spooled.config import RetryConfig

from tests.support.browser import Page, chromium, opened_page
from tests.support.console import Console
from tests.support.line import Line, line_to
from tests.support.official import new_key
from tests.support.realtime import READERS, Watcher, loop_in_a_thread, watching
from tests.support.run import Run, started

Connect = Callable[..., spooled.SpooledClient]
Watch = Callable[..., list[Watcher]]
Loop = asyncio.AbstractEventLoop


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """The running service."""
    with started(tmp_path_factory.mktemp("service") / "data") as run:
        yield run


@pytest.fixture(scope="session")
def service_url(service: Run) -> str:
    """Where the running service answers."""
    return service.url


@pytest.fixture
def key(service_url: str) -> str:
    """The first key of a new organization."""
    return new_key(service_url)


@pytest.fixture
def connect(service_url: str) -> Iterator[Connect]:
    """Opens clients with credentials of all kinds, and closes them."""
    with ExitStack() as opened:
        yield lambda **credentials: opened.enter_context(
            spooled.SpooledClient(**credentials, base_url=service_url, retry=RetryConfig(max_retries=0))
        )


@pytest.fixture
def client(connect: Connect, key: str) -> spooled.SpooledClient:
    return connect(api_key=key)


@pytest.fixture(scope="session")
def reading_loop() -> Iterator[Loop]:
    """Where the asynchronous readers of live events run."""
    with loop_in_a_thread() as running:
        yield running


@pytest.fixture
def watch(reading_loop: Loop, service_url: str, key: str) -> Iterator[Watch]:
    """Opens readers of live events of the organization, and closes them."""
    with ExitStack() as opened:

        def open_all(
            readers: Sequence[str] = READERS, token: str = key, url: str = service_url, **wanted: Any
        ) -> list[Watcher]:
            return [
                opened.enter_context(watching(name, reading_loop, url, token, **wanted)) for name in readers
            ]

        yield open_all


@pytest.fixture
def cuttable(reading_loop: Loop, service_url: str) -> Iterator[Line]:
    """A line to the service that can be cut, in the loop of the readers."""
    opened = line_to(service_url)
    yield asyncio.run_coroutine_threadsafe(opened.__aenter__(), reading_loop).result()
    asyncio.run_coroutine_threadsafe(opened.__aexit__(None, None, None), reading_loop).result()


@pytest.fixture(scope="session")
def browser_page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """One tab of one browser."""
    if chromium() is None:
        pytest.skip("Chromium is not installed")
    with opened_page(tmp_path_factory.mktemp("browser"), "about:blank") as page:
        page.listen()
        page.look_like()
        yield page


@pytest.fixture
def console(browser_page: Page, service_url: str, key: str) -> Iterator[Console]:
    """The console, not signed in yet, of a new organization; it may complain of nothing."""
    opened = Console(browser_page, service_url, key)
    yield opened
    opened.close()
