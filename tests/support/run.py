"""The service as a person runs it: a process of its own, found by its port and ended by a signal."""

import os
import pwd
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[2]
MINIMAL_PATH = "/usr/bin:/bin"
READY_SECONDS = 60.0
END_SECONDS = 30.0
LOCAL = (sys.executable, "-m", "localstack")


@dataclass
class Run:
    process: subprocess.Popen[str]
    port: int
    said: str

    def listen(self) -> None:
        """Take in what the run says, until its end."""
        assert self.process.stdout
        for line in self.process.stdout:
            self.said += line

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def grpc_address(self) -> str:
        """Where gRPC answers: any port that was free, unless a test chose one."""
        found = re.search(r"gRPC (?:on)? *(\S+:\d+)", self.said)
        assert found, self.said
        return found[1]

    def end(self, sign: signal.Signals = signal.SIGTERM) -> int:
        """Send the signal to the process alone and give its exit code."""
        self.process.send_signal(sign)
        return self.process.wait(END_SECONDS)

    def kill_group(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(END_SECONDS)

    def make_organization(self, slug: str) -> int:
        answer = httpx.post(f"{self.url}/api/v1/organizations", json={"name": slug, "slug": slug})
        return answer.status_code


def free_port() -> int:
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """So many, no two of them the same: one that was let go may be given out again at once."""
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


def environment(home: Path, port: int, **settings: str) -> dict[str, str]:
    """No setting of the machine, no program of it that a user might not have, no port of another run."""
    own = {"PORT": str(port), "GRPC_PORT": "0", "SPOOLED_DATA_DIR": str(home)}
    return {"PATH": MINIMAL_PATH, **own, **settings}


@contextmanager
def started(
    home: Path,
    *,
    port: int = 0,
    command: Sequence[str] = LOCAL,
    folder: Path = ROOT,
    settings: Mapping[str, str] | None = None,
    user: pwd.struct_passwd | None = None,
    ready_seconds: float = READY_SECONDS,
    last_of_greeting: str = "-d ",
) -> Iterator[Run]:
    """A run that is ready; it is killed at the end of the block if it is still there."""
    port = port or free_port()
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment(home, port, **(settings or {})),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        user=user and user.pw_uid,
        group=user and user.pw_gid,
        extra_groups=user and [],
    )
    with process:
        try:
            run = Run(process, port, _greeting(process, ready_seconds, last_of_greeting))
            # Read on, or a full pipe would stop what writes into it.
            threading.Thread(target=run.listen, daemon=True).start()
            yield run
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def refused(
    home: Path, *, port: int, command: Sequence[str] = LOCAL, settings: Mapping[str, str] | None = None
) -> str:
    """What a run says that cannot start."""
    ended = subprocess.run(
        command,
        cwd=ROOT,
        env=environment(home, port, **(settings or {})),
        capture_output=True,
        text=True,
        timeout=READY_SECONDS,
        check=False,
    )
    assert ended.returncode == 1, ended.stdout
    return ended.stderr


def _greeting(process: subprocess.Popen[str], ready_seconds: float, last: str) -> str:
    assert process.stdout
    said = ""
    watchdog = threading.Timer(ready_seconds, process.kill)
    watchdog.start()
    for line in process.stdout:
        said += line
        if line.lstrip().startswith(last):
            break
    watchdog.cancel()
    assert "Spooled is ready" in said, said
    return said
