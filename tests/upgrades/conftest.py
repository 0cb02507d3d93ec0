"""The release before this one, running."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from shared.settings import Settings
from tests.support.api import Api
from tests.support.previous import unpacked
from tests.support.run import started


@pytest.fixture(scope="session")
def previous(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its code."""
    return unpacked(tmp_path_factory.mktemp("release"))


@pytest.fixture(scope="module")
def previous_url(
    previous: Path, own_url: str, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Its service, on a database that is at the schema of now."""
    own = {
        "DATABASE_URL": own_url,
        "REDIS_URL": "none",
        "SPOOLED_ENV": "development",
        # Which keys are known is told with it.
        "SECRET_KEY": settings.secret_key,
    }
    with started(tmp_path_factory.mktemp("home"), folder=previous, settings=own) as run:
        yield run.url


@pytest.fixture
async def before(previous_url: str) -> AsyncIterator[Api]:
    """Its API."""
    async with httpx.AsyncClient(base_url=previous_url, timeout=30) as client:
        yield Api(client)
