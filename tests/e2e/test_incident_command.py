"""An incident, seen, understood and put right by commands alone, on the running service.

SPOOLED_INCIDENT_JOBS=10000 makes it as large as you like; -s shows how long each command takes.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any, TypeVar

import httpx
import pytest

from shared.command.exits import Exit
from tests.support.command import CommandLine
from tests.support.incident import bury

QUEUE = "orders"
CAUSES = {
    "connection to db-{} refused": 0.6,
    "no such user: user_{}": 0.3,
    "KeyError: 'amount' in order {}": 0.1,
}
"""What jobs die of, each with its share."""
JOBS = int(os.environ.get("SPOOLED_INCIDENT_JOBS", "300"))
Result = TypeVar("Result")


@pytest.fixture
def spooled(service_url: str, key: str) -> CommandLine:
    """The command line of the one on call."""
    return CommandLine(service_url, key)


@dataclass
class Worker:
    """What the workers of the organization ask."""

    spooled: CommandLine

    def api(self, method: str, path: str, body: Any = None, /) -> Any:
        headers = {"Authorization": f"Bearer {self.spooled.key}"}
        answer = httpx.request(
            method, f"{self.spooled.url}/api/v1{path}", json=body, headers=headers, timeout=60
        )
        return answer.raise_for_status().json()


def make_incident(spooled: CommandLine, jobs: int) -> dict[str, int]:
    """So many jobs die; how many of each cause."""
    died = {error: round(jobs * share) for error, share in CAUSES.items()}
    bury(Worker(spooled), died, QUEUE)
    return died


def timed(what: str, act: Callable[[], Result]) -> Result:
    begun = monotonic()
    result = act()
    print(f"{what}: {monotonic() - begun:.2f} s")  # noqa: T201 - for who runs it with -s
    return result


def test_an_incident_is_put_right_by_commands(spooled: CommandLine) -> None:
    """Causes are seen, a job is explained, one group comes back, another goes, and it is known by whom."""
    died = timed(f"{JOBS} jobs die", lambda: make_incident(spooled, JOBS))

    causes = timed("dead", lambda: spooled("dead", "--json")).json
    refused, unknown, broken = causes
    explained = timed("explain", lambda: spooled("explain", refused["example_job_id"]))
    retried = timed(
        "acts retry",
        lambda: spooled.typing("y\n", "acts", "retry", "--cause", refused["id"], "--queue", QUEUE),
    )
    deleted = timed(
        "acts delete",
        lambda: spooled.typing(f"{unknown['count']}\n", "acts", "delete", "--cause", unknown["id"]),
    )
    left = timed("dead, after", lambda: spooled("dead", "--json")).json
    acts = timed("acts", lambda: spooled("acts", "--json")).json
    audit = timed("audit", lambda: spooled("audit", "--act", "jobs.acts_create", "--json")).json
    queue = timed("queues", lambda: spooled("queues", "--json")).json[0]

    assert [cause["count"] for cause in causes] == list(died.values())
    assert [cause["cause"] for cause in causes] == [
        "connection to * refused", "no such user: *", "KeyError: * in order *"
    ]  # fmt: skip
    assert (explained.code, "deadletter" in explained.out) == (Exit.HELD, True)
    assert (retried.code, deleted.code) == (Exit.DONE, Exit.DONE), retried.out + deleted.out
    for ended, count in ((retried, refused["count"]), (deleted, unknown["count"])):
        assert f"{count:,} jobs" in ended.out
        assert f"completed: {count:,} done of {count:,}" in ended.out
        assert f"{count}/{count}" in ended.out
    assert left == [broken]
    assert [(act["act"], act["done"], act["status"]) for act in acts] == [
        ("delete", unknown["count"], "completed"),
        ("retry", refused["count"], "completed"),
    ]
    assert [entry["outcome"] for entry in audit] == ["done", "done"]
    assert {entry["actor"]["type"] for entry in audit} == {"api_key"}
    assert all(
        entry["actor"]["name"] == act["created_by"]["name"] for entry, act in zip(audit, acts, strict=True)
    )
    assert (queue["stats"]["pending"], queue["stats"]["deadletter"]) == (refused["count"], broken["count"])


def test_a_deletion_wants_the_number_typed(spooled: CommandLine) -> None:
    """Another number, and a no, change nothing."""
    make_incident(spooled, 10)

    wrong = spooled.typing("9\n", "acts", "delete", "--queue", QUEUE)
    no = spooled.typing("n\n", "acts", "retry", "--queue", QUEUE)

    assert (wrong.code, no.code) == (Exit.CONFLICT, Exit.INTERRUPTED)
    assert sum(cause["count"] for cause in spooled("dead", "--json").json) == 10
    assert spooled("acts", "--json").json == []
