"""An incident, made through the API as it comes about: jobs that are taken and fail until they are dead."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import psycopg

from localstack.postgres import DATABASE, ROLE
from localstack.remembered import LOOPBACK
from tests.support.run import Run
from tests.support.wait import wait_until

_AT_ONCE = 1_000


class Asks(Protocol):
    """Who sends requests of an organization; an answer that is no success is an error."""

    def api(self, method: str, path: str, body: Any = None, /) -> Any: ...


def bury(console: Asks, counts: Mapping[str, int], queue: str = "emails") -> None:
    """So many dead jobs of each error, numbered where it has `{}`."""
    errors = [error.format(number) for error, count in counts.items() for number in range(count)]
    for start in range(0, len(errors), _AT_ONCE):
        _bury(console, errors[start : start + _AT_ONCE], queue)


def _bury(console: Asks, errors: Sequence[str], queue: str) -> None:
    jobs = [{"payload": {"job_type": "send_mail"}, "max_retries": 0} for _ in errors]
    console.api("POST", "/jobs/bulk", {"queue": queue, "jobs": jobs})
    claim = {"queue": queue, "worker_id": "worker-1", "limit": len(errors)}
    taken = console.api("POST", "/jobs/claim", claim)["jobs"]
    failures = [{"id": job["id"], "error": error} for job, error in zip(taken, errors, strict=True)]
    console.api("POST", "/jobs/fail", {"worker_id": "worker-1", "jobs": failures})


@contextmanager
def held_acts(service: Run) -> Iterator[Callable[[], None]]:
    """What it yields waits for an act that goes on, and keeps the timer from it, until the block ends.

    The timer takes an act for itself alone, and passes by one that is looked at. It can still be aborted.
    """
    found = re.search(r"Data +(\S+)", service.said)
    assert found, service.said
    folder = Path(found[1])
    port, secret = ((folder / f"postgres.{name}").read_text().strip() for name in ("port", "secret"))
    with psycopg.connect(f"postgresql://{ROLE}:{secret}@{LOOPBACK}:{port}/{DATABASE}") as owner:
        owner.execute("SET ROLE spooled_system")
        looked_at = "SELECT id FROM job_act WHERE status IN ('pending', 'running') FOR KEY SHARE"
        yield lambda: wait_until(lambda: owner.execute(looked_at).fetchone() is not None)
