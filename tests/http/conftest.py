"""The whole service as one ASGI application over a real PostgreSQL and a real Redis, with a clock to move."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from functions.app import every_function
from shared.core import Core
from shared.edge.opening import open_core
from shared.edge.service import Service
from shared.settings import Settings
from tests.support.api import Api, Tenant


class MovingClock:
    """The wall clock, moved by hand."""

    def __init__(self) -> None:
        self.offset = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.offset

    def advance(self, **delta: float) -> None:
        self.offset += timedelta(**delta)


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
def clock() -> MovingClock:
    return MovingClock()


@pytest.fixture
async def core(settings: Settings, clock: MovingClock) -> AsyncIterator[Core]:
    """The services of one process; each test has its own, so that it can move the clock."""
    opened = await open_core(settings)
    yield replace(opened, clock=clock)
    await opened.close()


@pytest.fixture
async def api(core: Core) -> AsyncIterator[Api]:
    """The API without a credential."""

    async def opened() -> Core:
        return core

    service = Service(every_function()[0], opened)
    transport = httpx.ASGITransport(service, raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url="http://spooled") as client:
        yield Api(client)


@pytest.fixture
async def org(api: Api) -> Tenant:
    """A new organization with a key that may do everything."""
    return await api.new_tenant()


@pytest.fixture
async def other_org(api: Api) -> Tenant:
    """Another organization, which must see nothing of the first."""
    return await api.new_tenant()
