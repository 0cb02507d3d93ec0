"""A Redis and a PostgreSQL that a test may kill."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.run import ROOT

# In a process of its own: what starts a server runs code in a fork, which gRPC's threads do not survive.
_PROGRAM = """\
import sys
from pathlib import Path
from localstack.{kind} import running_{kind}
with running_{kind}(Path(sys.argv[1]){settings}) as url:
    print(url, flush=True)
    sys.stdin.read()
"""


@dataclass
class Mortal:
    """A server of the test's own, as `make run` has it, at the same address in each of its lives."""

    kind: str
    url: str
    _home: Path
    _life: ExitStack
    _settings: str = ""

    @property
    def pid(self) -> int:
        """Of the server, in its present or latest life."""
        return int((self._home / f"{self.kind}.lock").read_text())

    def die(self) -> None:
        """At once, without a word to its clients."""
        os.kill(self.pid, signal.SIGKILL)

    def come_back(self) -> None:
        """With what it had written down."""
        self._life.close()
        assert self.url == self._life.enter_context(_living(self.kind, self._home, self._settings))


@contextmanager
def mortal_redis(home: Path) -> Iterator[Mortal]:
    """One that lives in this block, as often as it is told to."""
    with _mortal("redis", home) as server:
        yield server


@contextmanager
def mortal_postgres(home: Path, *, durable: bool = True) -> Iterator[Mortal]:
    """The same. durable: with fsync and synchronous_commit, as in production."""
    with _mortal("postgres", home, f", durable={durable}") as server:
        yield server


@contextmanager
def _mortal(kind: str, home: Path, settings: str = "") -> Iterator[Mortal]:
    with ExitStack() as life:
        yield Mortal(kind, life.enter_context(_living(kind, home, settings)), home, life, settings)


@contextmanager
def _living(kind: str, home: Path, settings: str) -> Iterator[str]:
    command = [sys.executable, "-c", _PROGRAM.format(kind=kind, settings=settings), str(home)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        url = process.stdout.readline().strip()
        assert url
        yield url
