"""The lives of a job: each retry of a dead one begins another, in which attempts are counted from 1 again."""

from collections.abc import Sequence

from tests.chaos.checker.facts import Facts, instant
from tests.chaos.log import Record


def place(facts: Facts, record: Record) -> tuple[int, int]:
    """The life and the attempt that a line of a worker is about: what comes later is higher."""
    found = facts.found.get(record["job"])
    retried = [instant(e["at"]) for e in found["history"] if e["event"] == "retried"] if found else []
    if not retried:
        return 0, record["attempt"]
    handed = [r for r in facts.about("handed", record["job"]) if r["lease"] == record["lease"]]
    # A job that came back is due from that instant on, so whoever takes it does so later.
    began = instant(handed[0]["since"])
    return sum(at <= began for at in retried), record["attempt"]


def lives(found: Record) -> list[list[Record]]:
    """The history of a job, a part for each life; but for the first each begins with `retried`."""
    parts: list[list[Record]] = [[]]
    for event in found["history"]:
        if event["event"] == "retried":
            parts.append([])
        parts[-1].append(event)
    return parts


def deaths(history: Sequence[Record]) -> list[Record]:
    """The failures after which the job was not to be tried again."""
    return [event for event in history if event["event"] == "failed" and not event["will_retry"]]
