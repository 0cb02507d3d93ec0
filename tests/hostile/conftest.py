"""One service of its own for what it must survive."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.effort import EFFORT
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
        attacked = Victim(run)
        before = attacked.memory
        yield attacked
        if EFFORT > 1 and attacked.measured:
            # For whoever runs the long form: pytest -s.
            print(  # noqa: T201
                f"\nof {len(attacked.measured)} measured:"
                f" {max(cost.seconds for cost in attacked.measured):.2f} s of processor at the most,"
                f" {max(cost.megabytes for cost in attacked.measured):.0f} MB;"
                f" the service had {before:.0f} MB, and has {attacked.memory:.0f}"
            )
