"""The data folder, which one run has to itself; it is free again however the run ends."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from localstack.account import open_private
from shared.edge.process.errors import StartError

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
                    f"The data folder {home} is in use by another run (process {holder}). Stop that one, or "
                    "set SPOOLED_DATA_DIR to another folder, and PORT and GRPC_PORT to other ports."
                ) from None
            time.sleep(0.05)
        else:
            return
