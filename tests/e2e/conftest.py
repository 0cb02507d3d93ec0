"""One run of the service, as `make run` starts it, for the tests of what a user reads and copies."""

from collections.abc import Iterator

import pytest

from tests.support.run import started


@pytest.fixture(scope="session")
def service_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the running service answers."""
    with started(tmp_path_factory.mktemp("service") / "data") as run:
        yield run.url
