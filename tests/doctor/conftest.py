"""Environments of installations, sound and broken."""

import uuid
from collections.abc import Callable

import pytest

from shared.settings import Settings
from tests.support.servers import Servers

Environment = dict[str, str]


@pytest.fixture
def environment(settings: Settings) -> Environment:
    """That of a development machine, whose servers are there."""
    return {
        "SPOOLED_ENV": "development",
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "SECRET_KEY": settings.secret_key,
    }


@pytest.fixture
def own_database(servers: Servers) -> Callable[[], str]:
    """Makes databases to break."""
    return lambda: servers.new_database(f"doctor_{uuid.uuid4().hex[:12]}")
