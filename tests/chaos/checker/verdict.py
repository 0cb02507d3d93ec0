"""All checks of a log."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from tests.chaos.checker import acts, answers, cancelled, ends, hooks, keys, lost, order, slots, twice, whole
from tests.chaos.checker.facts import Facts, Violation, holds
from tests.chaos.log import Record


@dataclass(frozen=True)
class Check:
    """A promise: how its violations are found, and how many things are looked at for it."""

    promise: str
    find: Callable[[Facts], Iterator[Violation]]
    looks_at: Callable[[Facts], int]


def _acknowledged(*kinds: str) -> Callable[[Facts], int]:
    return lambda facts: sum(holds(record) for kind in kinds for record in facts.all(kind))


def _jobs(facts: Facts) -> int:
    return sum(
        len(record["jobs"]) for kind in ("push", "workflow") for record in facts.all(kind) if holds(record)
    )


def _slots(facts: Facts) -> int:
    return sum(len(record["runs"]) for record in facts.all("runs"))


CHECKS = (
    Check("no acknowledged job is lost", lost.check, _jobs),
    Check("what was acknowledged holds", ends.check, _acknowledged("complete", "fail")),
    Check("nothing is done twice", twice.check, lambda facts: len(facts.all("handed"))),
    Check("one key, one job", keys.check, lambda facts: sum(bool(r["key"]) for r in facts.found.values())),
    Check(
        "whole or not at all", whole.check, lambda facts: len(facts.all("push")) + len(facts.all("workflow"))
    ),
    Check("a cancel holds", cancelled.check, _acknowledged("cancel", "cancelled workflow")),
    Check("acts touch what they say", acts.check, lambda facts: len(facts.all("found act"))),
    Check(
        "steps keep their order",
        order.check,
        lambda facts: sum(bool(r["workflow"]) for r in facts.found.values()),
    ),
    Check("each slot fires once", slots.check, _slots),
    Check("each event is told", hooks.check, lambda facts: sum(map(len, hooks.happened(facts).values()))),
    Check("answers are as documented", answers.check, lambda facts: len(facts.all("request"))),
)


@dataclass(frozen=True)
class Verdict:
    """The violations, by the check that found them, and how much each looked at."""

    found: dict[str, list[Violation]]
    looked_at: dict[str, int]

    @property
    def violations(self) -> list[Violation]:
        return [violation for found in self.found.values() for violation in found]


def judge(records: Iterable[Record]) -> Verdict:
    """Whether what was promised was kept, by the log alone."""
    facts = Facts(records)
    return Verdict(
        {check.promise: list(check.find(facts)) for check in CHECKS},
        {check.promise: check.looks_at(facts) for check in CHECKS},
    )
