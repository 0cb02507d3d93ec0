"""One run of the service, as `make run` starts it, for the tests of what a user reads and copies."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest
import spooled
from spooled.config import RetryConfig

from tests.support.run import Run, started

Connect = Callable[..., spooled.SpooledClient]


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
    body = {"name": "Client", "slug": f"client-{uuid.uuid4().hex[:12]}"}
    made = httpx.post(f"{service_url}/api/v1/organizations", json=body).json()
    return str(made["api_key"]["key"])


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
