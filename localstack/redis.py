"""A Redis-compatible server (Valkey) from a Python wheel, on loopback, with its data in one folder."""

import shutil
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from localstack import child
from localstack.account import account_for
from localstack.binaries import redis_server
from localstack.remembered import LOOPBACK, remembered_port, remembered_secret

START_SECONDS = 30.0

# Read from standard input, since the command line of a process is for all to see.
CONFIGURATION = """\
bind {host}
port {port}
requirepass {password}
dir .
appendonly yes
appendfsync everysec
save ""
maxmemory 128mb
maxmemory-policy allkeys-lru
always-show-logo no
"""


@contextmanager
def running_redis(home: Path) -> Iterator[str]:
    """Run the server with its data in `home` and give its URL."""
    place = child.Place(home, "redis", goodbye=signal.SIGTERM)
    child.end_orphan(place)
    account = account_for(place.folder)
    password = remembered_secret(home, place.name)
    program = redis_server(account)
    for keep_data in (True, False):
        if not keep_data:
            # It holds only what may be lost: data it cannot read must not keep the service down.
            shutil.rmtree(place.folder, ignore_errors=True)
        place.folder.mkdir(mode=0o700, exist_ok=True)
        if account:
            account.own(place.folder)
        port = remembered_port(home, place.name)
        text = CONFIGURATION.format(host=LOOPBACK, port=port, password=password)
        with child.running(place, [program, "-"], folder=place.folder, account=account, text=text) as server:
            if _ready(server, port, password):
                yield f"redis://:{password}@{LOOPBACK}:{port}/0"
                return
    raise child.failure(place, "did not start")


def _ready(server: child.Child, port: int, password: str) -> bool:
    end = time.monotonic() + START_SECONDS
    while server.process.poll() is None and time.monotonic() < end:
        if _pong(port, password):
            return True
        time.sleep(0.01)
    return False


def _pong(port: int, password: str) -> bool:
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1) as connection:
            connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            answer = connection.makefile("rb")
            return answer.readline() == b"+OK\r\n" and answer.readline() == b"+PONG\r\n"
    except OSError:
        return False
