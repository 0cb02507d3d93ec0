"""A cancel that was acknowledged holds, be it of one job, of a workflow or of many."""

from collections.abc import Iterator

from tests.chaos.checker.facts import Facts, Violation, holds, violation
from tests.chaos.checker.touches import touches


def check(facts: Facts) -> Iterator[Violation]:
    for cancel in facts.all("cancel"):
        found = facts.found.get(cancel["job"])
        if not holds(cancel):
            continue
        if found and found["status"] != "cancelled":
            text = f"{cancel['job']} was cancelled and is {found['status']}."
            yield violation("cancel does not hold", text, cancel, found)
        yield from _after(facts, cancel["job"], cancel)
    for cancel in facts.all("cancelled workflow"):
        if holds(cancel):
            for job in cancel["jobs"]:
                yield from _after(facts, job, cancel)

    for found, _, act in touches(facts):
        if act and act.kind == "cancel" and act.ended:
            yield from _after(facts, found["job"], act.ended)


def _after(facts: Facts, job: str, cancel: dict[str, float]) -> Iterator[Violation]:
    """What was begun once the cancel had been answered."""
    for handed in facts.about("handed", job):
        if handed["kind"] == "claim" and handed["sent"] > cancel["ended"]:
            yield violation("run after cancel", f"{job} was handed out after its cancel.", cancel, handed)
    for done in facts.about("complete", job):
        if holds(done) and done["sent"] > cancel["ended"]:
            yield violation("run after cancel", f"{job} was completed after its cancel.", cancel, done)
