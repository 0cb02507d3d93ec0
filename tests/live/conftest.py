"""A hub as a process of its own, and one who tells of what never happened."""

from collections.abc import AsyncIterator

import pytest

from shared.live import Hub
from shared.settings import Settings
from tests.support.live import Teller, new_teller, opened_hub


@pytest.fixture
def without_redis(settings: Settings) -> Settings:
    return settings.model_copy(update={"redis_url": "none"})


@pytest.fixture
async def hub(settings: Settings) -> AsyncIterator[Hub]:
    async with opened_hub(settings) as opened:
        yield opened


@pytest.fixture
async def polling_hub(without_redis: Settings) -> AsyncIterator[Hub]:
    """One that has no Redis."""
    async with opened_hub(without_redis) as opened:
        yield opened


@pytest.fixture
async def teller(settings: Settings) -> AsyncIterator[Teller]:
    async with new_teller(settings) as made:
        yield made
