"""One service of its own for what it must survive."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.run import started
from tests.support.victim import Victim

PATIENCE_SECONDS = 3
SETTINGS = {
    "ADMIN_API_KEY": "admin-key-for-tests",
    "DEFAULT_PLAN": "enterprise",
    "BODY_TIMEOUT_SECONDS": str(PATIENCE_SECONDS),
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents and "victim" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"))


@pytest.fixture(scope="session")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    """A service that waits three seconds for a client, on a plan whose limits nobody reaches."""
    with started(tmp_path_factory.mktemp("victim") / "data", settings=SETTINGS) as run:
        yield Victim(run)
