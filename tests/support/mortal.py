"""A Redis that a test may kill."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from redis import Redis

from tests.support.run import ROOT

# In a process of its own: what starts a server runs code in a fork, which gRPC's threads do not survive.
_PROGRAM = """\
import sys
from pathlib import Path
from localstack.redis import running_redis
with running_redis(Path(sys.argv[1])) as url:
    print(url, flush=True)
    sys.stdin.read()
"""


@dataclass
class MortalRedis:
    """A server of the test's own, at the same address in each of its lives."""

    url: str
    _home: Path
    _life: ExitStack

    def die(self) -> None:
        """At once, without a word to its clients."""
        with Redis.from_url(self.url) as operator:
            os.kill(operator.info("server")["process_id"], signal.SIGKILL)

    def come_back(self) -> None:
        """With what it had written down."""
        self._life.close()
        assert self.url == self._life.enter_context(_living(self._home))


@contextmanager
def mortal_redis(home: Path) -> Iterator[MortalRedis]:
    """One that lives in this block, as often as it is told to."""
    with ExitStack() as life:
        yield MortalRedis(life.enter_context(_living(home)), home, life)


@contextmanager
def _living(home: Path) -> Iterator[str]:
    command = [sys.executable, "-c", _PROGRAM, str(home)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        url = process.stdout.readline().strip()
        assert url
        yield url
