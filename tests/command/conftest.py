"""A service over real HTTP for the command line, shared by the tests of a worker."""

from collections.abc import Iterator

import pytest

from functions.app import every_function
from shared.settings import Settings
from tests.support.command import CommandLine
from tests.support.official import new_key
from tests.support.served import served


@pytest.fixture(scope="session")
def service_url(settings: Settings) -> Iterator[str]:
    """Where the service answers."""
    with served(settings, every_function()[0]) as running:
        yield running.url


@pytest.fixture
def spooled(service_url: str) -> CommandLine:
    """The command line of a new organization."""
    return CommandLine(service_url, new_key(service_url))
