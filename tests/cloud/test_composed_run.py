"""What docker-compose.yml starts, started without an engine: steps of the image, commands and variables."""

import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import grpc
import httpx
import psycopg
import pytest
import redis

from tests.support.composed_run import Composed, running
from tests.support.image import inside, read_image_file
from tests.support.rpc import health_of


# One test, as building the image is what takes its time.
def test_image_serves_with_the_servers_beside_it() -> None:
    """The image is built by its steps and works jobs with the servers, rights and variables of the file."""
    # A folder that the image's account may walk to, as pytest's own may not be.
    with (
        tempfile.TemporaryDirectory(prefix="spooled-composed-") as folder,
        running(Path(folder), {}) as stack,
    ):
        before = files(stack)
        a_job_is_worked(stack)
        grpc_is_served(stack)
        the_login_is_no_superuser(stack)
        redis_has_a_password(stack)

        # It starts no servers of its own, and writes to its volume alone.
        assert {path.name for path in volume(stack).iterdir()} == {"run.lock", "server.secret"}
        assert files(stack) == before
        # Each command has become its program, which then gets the signals that the engine sends.
        assert int((volume(stack) / "run.lock").read_text()) == stack.processes["spooled"].pid


def a_job_is_worked(stack: Composed) -> None:
    # The document of all routes is written when it is first asked for.
    with httpx.Client(base_url=stack.url, timeout=60) as client:
        health = client.get("/health").json()
        made = client.post("/api/v1/organizations", json={"name": "Composed", "slug": "composed"}).json()
        client.headers["Authorization"] = f"Bearer {made['api_key']['key']}"
        pushed = client.post("/api/v1/jobs", json={"queue": "emails", "payload": {}}).json()
        taken = client.post("/api/v1/jobs/dequeue", json={"queue": "emails", "worker_id": "worker-1"}).json()
        completed = client.post(f"/api/v1/jobs/{taken['id']}/complete", json={})
        client.get("/docs").raise_for_status()
        client.get("/openapi.json").raise_for_status()

    assert (health["status"], health["database"], health["cache"]) == ("healthy", True, True)
    assert (taken["id"], completed.status_code) == (pushed["id"], 200)


def grpc_is_served(stack: Composed) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{stack.ports['spooled:50051']}") as channel:
        assert health_of(channel) == "SERVING"


def the_login_is_no_superuser(stack: Composed) -> None:
    environment = stack.services["spooled"]["environment"]
    with psycopg.connect(stack.here(environment["DATABASE_URL"])) as connection:
        row = connection.execute(
            "SELECT rolsuper, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user"
        ).fetchone()

    assert row == (False, True, True)


def redis_has_a_password(stack: Composed) -> None:
    url = stack.here(stack.services["spooled"]["environment"]["REDIS_URL"])
    with redis.Redis(port=urlsplit(url).port or 0) as stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()
    with redis.Redis.from_url(url) as known:
        assert known.info("server")["process_id"] == stack.processes["valkey"].pid
        assert known.config_get("maxmemory-policy") == {"maxmemory-policy": "allkeys-lru"}


def volume(stack: Composed) -> Path:
    return inside(stack.image, read_image_file().environment["SPOOLED_DATA_DIR"])


def files(stack: Composed) -> set[Path]:
    """What lies in the image, but for the volume."""
    return {path for path in stack.image.rglob("*") if volume(stack) not in path.parents}
