"""The cloud on this machine, as `make cloud` starts it: the promises of `make run`, kept by the functions."""

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.guide import follow_guide, see_a_lapsed_lease_come_back, see_a_schedule_fire
from tests.support.package import Packages
from tests.support.run import Run, started

CLOUD = (sys.executable, "-m", "localstack.cloud")


@pytest.fixture(scope="module")
def cloud(packages: Packages, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """The running cloud, which has the packages of its functions from an earlier start."""
    home = tmp_path_factory.mktemp("cloud") / "data"
    packages.lend(home / "archives")
    with started(home, command=CLOUD, ready_seconds=300) as run:
        yield run


@pytest.mark.skipif(shutil.which("curl") is None, reason="the guide is for curl")
def test_guide_from_first_command_to_last(cloud: Run) -> None:
    """A reader who pastes every command of the guide, in order, gets every answer that it prints."""
    follow_guide(cloud.url)


def test_schedule_fires(cloud: Run) -> None:
    """A schedule fires through the timer that starts its function."""
    see_a_schedule_fire(cloud.url)


def test_lapsed_lease_comes_back(cloud: Run) -> None:
    """A job whose worker fell silent comes back through the function that looks for lapsed leases."""
    see_a_lapsed_lease_come_back(cloud.url)


def test_health_and_documentation(cloud: Run) -> None:
    """What has no route of its own is there too, and the health check looks at both servers."""
    health = httpx.get(f"{cloud.url}/health")
    assert (health.status_code, health.json()["status"]) == (200, "healthy")
    assert httpx.head(f"{cloud.url}/health").status_code == 200
    assert httpx.get(f"{cloud.url}/openapi.json", timeout=60).json()["openapi"].startswith("3.")
    assert httpx.get(f"{cloud.url}/nowhere").json()["code"] == "NOT_FOUND"
    assert httpx.delete(f"{cloud.url}/api/v1/jobs").status_code == 405


def test_what_is_not_here_is_said(cloud: Run) -> None:
    """The streams are no functions: the greeting says where they are, and their addresses are none here."""
    assert "Streams        not here" in cloud.said
    assert httpx.get(f"{cloud.url}/api/v1/events").status_code == 404


def test_code_to_sign_in_with_is_in_the_logs(cloud: Run) -> None:
    """Without a mail server the mail stands in the log of its function, where the greeting says it is."""
    asked = httpx.post(f"{cloud.url}/api/v1/auth/email/start", json={"email": "new@example.com"})
    folder = re.findall(r"Logs +(\S+) ", cloud.said)[0]
    log = Path(folder, "spooled-local-auth-email-start.log").read_text(encoding="utf-8")

    assert asked.status_code == 200
    assert re.search(r"Mail to new@example\.com: \w{6} is your", log)
