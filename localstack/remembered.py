"""Small facts that a data folder keeps from one run to the next: secrets and ports."""

import os
import secrets
import socket
from pathlib import Path

from localstack.account import open_private

LOOPBACK = "127.0.0.1"


def remembered_secret(home: Path, name: str) -> str:
    """The secret of that name, made on first use and readable by its owner alone."""
    file = home / f"{name}.secret"
    if not file.exists():
        _write(file, secrets.token_urlsafe(32))
    return file.read_text().strip()


def remembered_port(home: Path, name: str) -> int:
    """The port of last time, so that other tools may rely on it, or a new one when it is taken."""
    file = home / f"{name}.port"
    if file.exists() and (last := file.read_text().strip()).isdigit() and _bindable(int(last)):
        return int(last)
    port = _bindable(0)
    _write(file, str(port))
    return port


def _bindable(port: int) -> int:
    """The port that could be bound, 0 when none could."""
    with socket.socket() as probe:
        # The servers set this too; without it a port they have just left looks taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return 0
        return int(probe.getsockname()[1])


def _write(file: Path, text: str) -> None:
    # Whole or not at all: a run killed here must not leave an empty secret behind.
    unfinished = file.with_name(f"{file.name}.new")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(open_private(unfinished, os.O_WRONLY | os.O_EXCL), "w") as opened:
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())
    unfinished.replace(file)
