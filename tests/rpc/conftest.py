"""A gRPC server beside the HTTP API on the same core, and clients of it."""

from collections.abc import AsyncIterator

import pytest

from functions.streams.app import every_method
from shared.core import Core
from tests.support.api import Tenant
from tests.support.rpc import Rpc, rpc_client, rpc_served


@pytest.fixture
async def rpc_address(core: Core) -> AsyncIterator[str]:
    """Where the methods are served."""
    async with rpc_served(core, every_method()) as address:
        yield address


@pytest.fixture
async def impatient_address(core: Core) -> AsyncIterator[str]:
    """Where they are served by one that asks after two seconds of silence."""
    async with rpc_served(core, every_method(), patience_seconds=2) as address:
        yield address


@pytest.fixture
async def rpc(rpc_address: str, org: Tenant) -> AsyncIterator[Rpc]:
    """Calls of the organization's first key, which may do everything."""
    async with rpc_client(rpc_address, org.key) as client:
        yield client
