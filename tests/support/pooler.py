"""pgbouncer in transaction mode in front of a server, as a test's own process."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

SERVER_CONNECTIONS = 5
_START_SECONDS = 60.0

# Each transaction may meet another server connection than the one before, and finds there what was left.
_CONFIGURATION = """\
[databases]
* = host={host} port={port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder}/users.txt
pool_mode = transaction
default_pool_size = {size}
min_pool_size = {size}
max_client_conn = 200
server_round_robin = 1
server_idle_timeout = 600
logfile = {folder}/pgbouncer.log
"""


@dataclass(frozen=True)
class Pooler:
    """A running pooler; `url` leads through it, `direct_url` past it."""

    url: str
    direct_url: str


@contextmanager
def running_pooler(folder: Path, server_url: str) -> Iterator[Pooler]:
    """Skips the test where there is no pgbouncer."""
    program = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        pytest.skip("pgbouncer is not installed on this machine")
    server = urlsplit(server_url)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = taken.getsockname()[1]
    (folder / "pgbouncer.ini").write_text(
        _CONFIGURATION.format(
            host=server.hostname, port=server.port, listen=listen, folder=folder, size=SERVER_CONNECTIONS
        )
    )
    (folder / "users.txt").write_text(f'"{server.username}" "{server.password}"\n')
    as_root = ["-u", "nobody"] if os.geteuid() == 0 else []
    if as_root:
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, "nobody")
    process = subprocess.Popen(
        [program, "-q", *as_root, str(folder / "pgbouncer.ini")],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(process, listen, folder / "pgbouncer.log")
        yield Pooler(server_url.replace(f":{server.port}/", f":{listen}/", 1), server_url)
    finally:
        process.terminate()
        process.wait()


def _wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError(f"pgbouncer did not start: {log.read_text() if log.exists() else 'no log'}")
