"""One idempotency key, one job, whoever sent it how often and over which process."""

from collections import defaultdict
from collections.abc import Iterator

from tests.chaos.checker.facts import Facts, Violation, holds, violation
from tests.chaos.log import Record


def check(facts: Facts) -> Iterator[Violation]:
    for key, jobs in _answered(facts).items():
        if len(jobs) > 1:
            yield violation("key of two jobs", f"{key} was answered with {sorted(jobs)}.", *jobs.values())
        for job, push in jobs.items():
            found = facts.found.get(job)
            if found and found["key"] != key:
                yield violation("key of another job", f"{key} was answered with {job}, not its.", push, found)
    there = defaultdict(list)
    for found in facts.found.values():
        if found["key"]:
            there[found["key"]].append(found)
    for key, made in there.items():
        if len(made) > 1:
            yield violation("key of two jobs", f"{key} made {len(made)} jobs.", *made)


def _answered(facts: Facts) -> dict[str, dict[str, Record]]:
    """By key, the jobs that requests with it were answered with, each with one such request."""
    answered: dict[str, dict[str, Record]] = defaultdict(dict)
    for push in facts.all("push"):
        if push["key"] and holds(push):
            for index, job in enumerate(push["jobs"]):
                key = push["key"] if len(push["jobs"]) == 1 else f"{push['key']}{index}"
                answered[key][job] = push
    return answered
