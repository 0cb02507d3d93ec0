"""The container of the streams without an engine: its command and variables, as a process of this machine."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from shared.settings import Settings
from tests.support.run import ROOT, Run, started

COMMAND = (sys.executable, "-m", "functions.streams")
SECRET = "a-secret-of-the-tests"


def variables(settings: Settings) -> dict[str, str]:
    """What the cloud gives it, for the servers of a test."""
    servers = {"DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url}
    return {"SPOOLED_ENV": "production", "SECRET_KEY": SECRET, "PYTHONUNBUFFERED": "1", **servers}


@contextmanager
def running_container(
    folder: Path, given: Mapping[str, str], *, command: tuple[str, ...] = COMMAND, code: Path = ROOT
) -> Iterator[Run]:
    """One that is ready, until the block ends."""
    with started(
        folder, command=command, folder=code, settings=given, last_of_greeting="Spooled is ready"
    ) as run:
        yield run


def probe(run: Run, given: Mapping[str, str] = os.environ) -> int:
    """What its health check ends with."""
    known = {**given, "PORT": str(run.port), "GRPC_PORT": run.grpc_address.rpartition(":")[2]}
    command = [sys.executable, "-m", "functions.streams.probe"]
    return subprocess.run(command, cwd=ROOT, env=known, check=False).returncode
