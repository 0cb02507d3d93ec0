"""What is measured, running: the service as `make run` starts it, and a bare FastAPI route beside it."""

import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from localstack.postgres import running_postgres
from localstack.redis import running_redis
from tests.support.run import Run, free_port, started

ADMIN_KEY = "measures"


@dataclass(frozen=True)
class Served:
    """A service that runs, and its servers. PostgreSQL waits for the disk at each commit."""

    run: Run
    database_url: str
    redis_url: str

    @property
    def url(self) -> str:
        return self.run.url

    def new_key(self) -> str:
        """The key of a new organization, on the largest plan, which may do everything."""
        return self.new_keys(1)[0]

    def new_keys(self, count: int) -> list[str]:
        """One of each of so many new organizations."""
        keys = []
        with httpx.Client(base_url=self.url, timeout=60) as http:
            for _ in range(count):
                body = {"name": "Bench", "slug": f"bench-{uuid.uuid4().hex[:16]}"}
                answer = http.post("/api/v1/organizations", json=body).raise_for_status()
                keys.append(str(answer.json()["api_key"]["key"]))
        return keys


@contextmanager
def serving(prepare: Callable[[Path], None] = lambda _: None, **settings: str) -> Iterator[Served]:
    """The service in a process of its own, with its servers, and nothing in its database.

    prepare: is called with the servers' folder before they start.
    """
    with tempfile.TemporaryDirectory(prefix="spooled-bench-") as folder:
        servers, home = Path(folder) / "servers", Path(folder) / "home"
        servers.mkdir()
        prepare(servers)
        with running_postgres(servers) as database_url, running_redis(servers) as redis_url:
            own = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "ADMIN_API_KEY": ADMIN_KEY}
            with started(home, settings={**own, **settings}) as run:
                yield Served(run, database_url, redis_url)
                run.end()


@contextmanager
def bare_route() -> Iterator[str]:
    """The URL of the bare route's server, in a process of its own."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.noop"]
    with subprocess.Popen(
        command, env={**os.environ, "PORT": str(port)}, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "Ready.\n"
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
