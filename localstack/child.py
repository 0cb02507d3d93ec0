"""A server that runs as our child, and does not outlive us without being found again.

Its lock file is held by the server itself (it inherits the descriptor), so the lock is free exactly when
the server and all that it forked are gone, however the run that started it ended.
"""

import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from localstack.account import Account, open_private
from shared.edge.process.errors import StartError

PATIENCE_SECONDS = 20.0
LOG_KEPT_BYTES = 5_000_000
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Place:
    """Where one server lives: its name, its folder, and beside them its lock and its log."""

    home: Path
    name: str
    goodbye: signal.Signals
    """The signal on which this server ends cleanly."""

    @property
    def folder(self) -> Path:
        return self.home / self.name

    @property
    def log(self) -> Path:
        return self.home / f"{self.name}.log"


@dataclass(frozen=True)
class Child:
    place: Place
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        if self.process.poll() is not None:
            return
        self.process.send_signal(self.place.goodbye)
        try:
            self.process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextmanager
def running(
    place: Place,
    command: Sequence[str | Path],
    *,
    folder: Path,
    account: Account | None,
    text: str = "",
) -> Iterator[Child]:
    """Run the command in the folder, holding the lock of its place, with the text as its input."""
    child = _start(place, command, folder, account)
    try:
        _feed(child.process, text)
        yield child
    finally:
        child.stop()


def run(
    place: Place, command: Sequence[str | Path], *, folder: Path, account: Account | None, text: str = ""
) -> None:
    """Run a command of the server to its end; its output goes to the log."""
    with running(place, command, folder=folder, account=account, text=text) as child:
        failed = child.process.wait() != 0
    if failed:
        raise failure(place, "could not be set up")


def end_orphan(place: Place) -> None:
    """End the server that an earlier run, killed before it could, has left behind."""
    os.close(_take_lock(place))


def failure(place: Place, what: str) -> StartError:
    tail = "\n".join(place.log.read_text(errors="replace").splitlines()[-8:])
    return StartError(f"{place.name} {what}. The end of {place.log}:\n{tail}")


def _start(place: Place, command: Sequence[str | Path], folder: Path, account: Account | None) -> Child:
    lock = _take_lock(place)
    try:
        with _open_log(place.log) as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=folder,
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
                pass_fds=[lock],
                # A session of its own: Ctrl-C in the terminal is for us, and we stop it in good order.
                start_new_session=True,
                preexec_fn=_before_exec(lock, place.goodbye),  # noqa: PLW1509  we have one thread here
            )
    except OSError as error:
        raise StartError(f"{place.name} cannot be started: {error}") from error
    finally:
        os.close(lock)
    return Child(place, process)


def _take_lock(place: Place) -> int:
    lock = open_private(place.home / f"{place.name}.lock", os.O_RDWR)
    if _locked_within(0, lock):
        return lock
    # Only a server like ours holds this lock, and the run that owns the folder is us: an orphan.
    for sign in (place.goodbye, signal.SIGKILL):
        _signal_holder(lock, sign)
        if _locked_within(PATIENCE_SECONDS, lock):
            return lock
    os.close(lock)
    raise StartError(f"The {place.name} server of an earlier run does not end; end it, then start again.")


def _locked_within(seconds: float, lock: int) -> bool:
    end = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                return False
            time.sleep(0.02)
        else:
            return True


def _signal_holder(lock: int, sign: signal.Signals) -> None:
    holder = os.pread(lock, 32, 0).strip()
    if holder.isdigit():
        try:
            os.kill(int(holder), sign)
        except (ProcessLookupError, PermissionError):
            return


def ending_with_us(goodbye: signal.Signals) -> Callable[[], None]:
    """What a child does before it becomes its program: ask the kernel for a signal when we end."""
    parent = os.getpid()
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None

    def prepare() -> None:
        if libc is not None:
            # Elsewhere an orphan lives on until the next run finds its lock.
            libc.prctl(PR_SET_PDEATHSIG, int(goodbye))
            if os.getppid() != parent:
                os._exit(1)

    return prepare


def _before_exec(lock: int, goodbye: signal.Signals) -> Callable[[], None]:
    """What the child does before it becomes the server: sign its lock, and ask to end when we end."""
    end_with_us = ending_with_us(goodbye)

    def prepare() -> None:
        os.ftruncate(lock, 0)
        os.pwrite(lock, b"%d\n" % os.getpid(), 0)
        end_with_us()

    return prepare


def _open_log(log: Path) -> IO[bytes]:
    if log.exists() and log.stat().st_size > LOG_KEPT_BYTES:
        log.replace(log.with_suffix(".log.old"))
    return os.fdopen(open_private(log, os.O_WRONLY | os.O_APPEND), "ab")


def _feed(process: subprocess.Popen[bytes], text: str) -> None:
    if process.stdin:
        # One that has ended already is found to have, a moment later.
        with suppress(BrokenPipeError), process.stdin as opened:
            opened.write(text.encode())
