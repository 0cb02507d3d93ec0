"""Two hundred thousand jobs, and a core that only says what it would ask of them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import psycopg
import pytest

from shared.core import Core
from shared.events.wakeups import Wakeups
from shared.settings import Settings
from tests.support.plans import RecordingStore
from tests.support.servers import Servers

if TYPE_CHECKING:
    from shared.store import Store


@pytest.fixture(params=[False, True], ids=["custom", "generic"])
def generic(request: pytest.FixtureRequest) -> bool:
    """Whether the plan is that of a connection which has run the statement often enough."""
    return bool(request.param)


@pytest.fixture(scope="session")
def crowd(servers: Servers, worker_id: str) -> Iterator[psycopg.Connection[Any]]:
    """A database of 200,000 jobs, whose statistics stay those of this moment however long the tests take."""
    url = servers.new_database(f"plans_{worker_id}")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ALTER TABLE job SET (autovacuum_enabled = off)")
        with connection.transaction():
            connection.execute(Path(__file__).with_name("crowd.sql").read_bytes())
        connection.execute("VACUUM ANALYZE job, job_archive, queue, workflow")
        yield connection


@pytest.fixture(scope="session")
def cleaned(crowd: psycopg.Connection[Any]) -> None:
    """Nothing is left of rows that the plans of other tests changed and rolled back."""
    crowd.execute("VACUUM job")


@pytest.fixture
def store() -> RecordingStore:
    return RecordingStore()


@pytest.fixture
def core(store: RecordingStore) -> Core:
    settings = Settings(spooled_env="development")
    return Core(settings, cast("Store", store), Wakeups())


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)
