"""The servers that Spooled and the other queues share, and Spooled as `make run` has it."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.serving import serving
from localstack import child
from localstack.account import account_for
from localstack.binaries import postgres_binaries
from localstack.postgres import ROLE, as_seen_by, running_postgres


@dataclass(frozen=True)
class Ground:
    """Where all of them run.

    postgres, redis: for the others; Spooled has another database of the same servers.
    url, key, pid: of Spooled. The key may do everything, on the plan without limits.
    """

    postgres: str
    redis: str
    url: str
    key: str
    pid: int


@contextmanager
def running_ground() -> Iterator[Ground]:
    """A PostgreSQL that waits for the disk at each commit, a Redis, and the service."""
    with serving(_let_checkpoint) as served:
        redis = served.redis_url.removesuffix("/0") + "/1"
        yield Ground(served.database_url, redis, served.url, served.new_key(), served.run.process.pid)


def _let_checkpoint(servers: Path) -> None:
    """run_peers.py asks for a checkpoint, which our role may not, and nobody else can log in."""
    with running_postgres(servers):  # which makes it
        pass
    place = child.Place(servers, "postgres", goodbye=signal.SIGINT)
    account = account_for(place.folder)
    program = postgres_binaries(account) / "postgres"
    here = as_seen_by(account, place.folder)
    command: list[str | Path] = [program, "--single", "-c", "exit_on_error=on", "-D", here, "postgres"]
    grant = f"GRANT pg_checkpoint TO {ROLE}\n"
    child.run(place, command, folder=place.folder, account=account, text=grant)
