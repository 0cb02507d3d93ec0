"""A service that listens, with live events, and organizations of it."""

from collections.abc import AsyncIterator

import pytest

from shared.core import Core
from tests.support.api import Api, Tenant
from tests.support.readers import Listening, listening


@pytest.fixture
async def service(core: Core) -> AsyncIterator[Listening]:
    """The service over real HTTP."""
    async with listening(core) as opened:
        yield opened


@pytest.fixture
async def api(service: Listening) -> Api:
    """The API without a credential, over that service."""
    return service.api


@pytest.fixture
async def org(api: Api) -> Tenant:
    """A new organization with a key that may do everything."""
    return await api.new_tenant()


@pytest.fixture
async def other_org(api: Api) -> Tenant:
    """Another organization, which must see nothing of the first."""
    return await api.new_tenant()
