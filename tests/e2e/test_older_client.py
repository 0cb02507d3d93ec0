"""Official clients of earlier years, against the running service: their users notice nothing either."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

WALK = Path(__file__).with_name("older_client.py")
PIP = (
    sys.executable,
    "-m",
    "pip",
    "install",
    "-qq",
    "--disable-pip-version-check",
    "--no-deps",
    "--no-input",
)


@pytest.fixture
def older(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> Path:
    """A folder with that client alone, apart from the newest one; made once and kept."""
    wanted: str = request.param
    folder = pytestconfig.cache.mkdir(f"spooled-{wanted.removesuffix('.*')}")
    if not (folder / "spooled").is_dir():
        done = subprocess.run(
            [*PIP, "--target", folder, f"spooled=={wanted}"], capture_output=True, text=True, check=False
        )
        if "No matching distribution" in done.stderr:
            pytest.skip(f"the package index has no spooled {wanted}")
        assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("older", ["1.0.*", "1.1.*"], indirect=True)
def test_an_older_client_walks_through_its_resources(older: Path, service_url: str, key: str) -> None:
    """Every main resource of the client works and gives back objects of its own."""
    done = subprocess.run(
        [sys.executable, WALK, service_url, key],
        env={**os.environ, "PYTHONPATH": str(older)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"walked with {older.name.removeprefix('spooled-')}."), done.stdout
