"""What one run has to itself: its data folder and its port. Both are free again however the run ends."""

import errno
import fcntl
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from localstack.account import open_private
from localstack.errors import StartError

# A run that was told to end, or killed with its terminal, gets this long to put its servers to bed.
PATIENCE_SECONDS = 3.0


@contextmanager
def claimed_folder(home: Path) -> Iterator[Path]:
    """The data folder, made if need be, for this run alone."""
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = open_private(home / "run.lock", os.O_RDWR)
    except OSError as error:
        raise StartError(
            f"The data folder {home} cannot be used: {error.strerror}. "
            "Set SPOOLED_DATA_DIR to a folder of your own."
        ) from error
    try:
        _take(lock, home)
        os.ftruncate(lock, 0)
        os.pwrite(lock, b"%d\n" % os.getpid(), 0)
        yield home.resolve()
    finally:
        os.close(lock)


def _take(lock: int, home: Path) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                holder = os.pread(lock, 32, 0).decode().strip()
                raise StartError(
                    f"The data folder {home} is in use by another run (process {holder}). "
                    "Stop that one, or set SPOOLED_DATA_DIR to another folder and PORT to another port."
                ) from None
            time.sleep(0.05)
        else:
            return


@contextmanager
def claimed_port(host: str, port: int) -> Iterator[socket.socket]:
    """A socket with that address, not listening yet: nobody is let in before all is ready."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        raise StartError(f"HOST={host} is no address of this machine: {error.strerror}.") from error
    with socket.socket(family, kind) as opened:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            opened.bind(address)
        except OSError as error:
            raise cannot_listen(host, port, error) from error
        yield opened


def cannot_listen(host: str, port: int, error: OSError) -> StartError:
    if error.errno == errno.EADDRINUSE:
        return StartError(
            f"Port {port} of {host} is in use by another program. Stop it, or choose another: "
            f"make run PORT={port + 1 if port < 65535 else 8080}"  # noqa: PLR2004  the last port there is
        )
    return StartError(f"HOST={host} PORT={port} cannot be listened on: {error.strerror}.")
