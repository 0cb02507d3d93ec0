"""The process of the container: it stands on the servers of the functions, and says what it lacks."""

from pathlib import Path

import grpc
import httpx
import pytest

from shared.settings import Settings
from tests.support.certificates import make_certificate
from tests.support.container import COMMAND, probe, running_container, variables
from tests.support.rpc import health_of
from tests.support.run import free_port, refused


@pytest.mark.usefixtures("no_timers")
def test_health_is_beside_the_streams_and_nothing_else(tmp_path: Path, settings: Settings) -> None:
    """Probes and Prometheus are answered; the API is the functions', and no route of it is here."""
    given = variables(settings) | {"METRICS_TOKEN": "a-token"}
    with running_container(tmp_path, given) as run, httpx.Client(base_url=run.url) as client:
        assert client.get("/health").json()["status"] == "healthy"
        assert client.get("/health/ready").status_code == 200
        assert client.get("/metrics").status_code == 401
        assert client.get("/metrics", headers={"Authorization": "Bearer a-token"}).status_code == 200
        assert client.get("/api/v1/jobs").json()["code"] == "NOT_FOUND"
        with grpc.insecure_channel(run.grpc_address) as channel:
            assert health_of(channel) == "SERVING"
        assert probe(run) == 0
        assert run.end() == 0


def test_it_outlives_its_database(tmp_path: Path, settings: Settings) -> None:
    """Without the database it lives and is not ready: whoever restarts what is dead has nothing to do."""
    given = variables(settings) | {"DATABASE_URL": f"postgresql://nobody@127.0.0.1:{free_port()}/none"}
    with running_container(tmp_path, given) as run:
        assert httpx.get(f"{run.url}/health/live").status_code == 200
        assert httpx.get(f"{run.url}/health/ready", timeout=20).status_code == 503
        assert probe(run) == 1
        assert run.end() == 0


def test_the_probe_knows_of_the_certificate(tmp_path: Path, settings: Settings) -> None:
    """A health check from inside asks by the scheme that is spoken."""
    made = make_certificate(tmp_path)
    with running_container(tmp_path, variables(settings) | made.settings) as run:
        assert probe(run, made.settings) == 0
        assert probe(run) == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"DATABASE_URL": ""}, "DATABASE_URL must be set"),
        ({"SECRET_KEY": ""}, "SECRET_KEY must be set"),
        ({"SPOOLED_ENV": "development", "SECRET_KEY": ""}, "SECRET_KEY must be set"),
        ({"PORT": "many"}, "PORT: "),
    ],
)
def test_what_it_lacks_is_said(
    tmp_path: Path, settings: Settings, change: dict[str, str], reason: str
) -> None:
    """It ends at once, in words and without a stack trace, instead of turning every key away."""
    said = refused(tmp_path, port=free_port(), command=COMMAND, settings=variables(settings) | change)

    assert reason in said
    assert "Traceback" not in said


def test_port_in_use_is_said(tmp_path: Path, settings: Settings) -> None:
    """A second container on the same network ends, and names the port."""
    with running_container(tmp_path, variables(settings)) as run:
        said = refused(tmp_path, port=run.port, command=COMMAND, settings=variables(settings))

    assert f"Port {run.port} of 127.0.0.1 is in use" in said
