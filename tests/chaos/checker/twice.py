"""No job is done twice: not completed twice, not begun after its completion, not in two hands at once."""

from collections.abc import Iterator
from itertools import pairwise

from tests.chaos.checker.facts import Facts, Violation, holds, instant, may_hold, violation
from tests.chaos.checker.lives import place
from tests.chaos.log import Record

_CLOCK_SECONDS = 0.1
"""What two readings of this machine's clock may differ by."""
_UNWRITTEN = ("kill postgres", "kill backend")
"""A claim need not be on the disk when it is answered: where PostgreSQL dies it may be undone."""


def check(facts: Facts) -> Iterator[Violation]:
    for job in {record["job"] for record in facts.all("handed")} | set(facts.found):
        completed = [record for record in facts.about("complete", job) if holds(record)]
        handed = sorted(
            facts.about("handed", job), key=lambda record: (place(facts, record), record["ended"])
        )
        if len(completed) > 1:
            yield violation("completed twice", f"{job} was completed twice.", *completed)
        for done in completed:
            for record in handed:
                asked_later = record["kind"] == "claim" and record["sent"] > done["ended"]
                if asked_later or place(facts, record) > place(facts, done):
                    yield violation("run after completion", f"{job} was handed out again.", done, record)
        for one, other in pairwise(handed):
            if other["lease"] == one["lease"]:
                yield violation("lease given twice", f"{job} went to two by one lease.", one, other)
            elif not _has_ended(facts, one, other):
                yield violation("in two hands", f"{job} was handed out while it was held.", one, other)


def _has_ended(facts: Facts, one: Record, other: Record) -> bool:
    """Whether the first may have been over before the second was handed out."""
    if facts.struck(_UNWRITTEN, one["sent"] - _CLOCK_SECONDS, other["ended"]):
        return True
    if place(facts, one) == place(facts, other):
        # What a stream may not have delivered it gives back when it ends.
        return one["stream"] is not None and any(
            stream["worker"] == one["worker"]
            and stream["sent"] == one["stream"]
            and stream["ended"] <= other["ended"]
            for stream in facts.all("stream")
        )
    failed = [r for r in facts.about("fail", one["job"]) if r["lease"] == one["lease"] and may_hold(r)]
    if any(record["sent"] <= other["ended"] for record in failed):
        return True
    beats = [r for r in facts.about("beat", one["job"]) if r["lease"] == one["lease"] and holds(r)]
    until = max([instant(one["until"]), *(instant(r["until"]) for r in beats if r["ended"] <= other["sent"])])
    return until <= other["ended"] + _CLOCK_SECONDS
