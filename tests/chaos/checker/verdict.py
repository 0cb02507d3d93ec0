"""All checks of a log."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from tests.chaos.checker import answers, cancelled, ends, hooks, keys, lost, order, slots, twice, whole
from tests.chaos.checker.facts import Facts, Violation
from tests.chaos.log import Record

CHECKS: dict[str, Callable[[Facts], Iterator[Violation]]] = {
    "no acknowledged job is lost": lost.check,
    "what was acknowledged holds": ends.check,
    "nothing is done twice": twice.check,
    "one key, one job": keys.check,
    "whole or not at all": whole.check,
    "a cancel holds": cancelled.check,
    "steps keep their order": order.check,
    "each slot fires once": slots.check,
    "each event is told": hooks.check,
    "answers are as documented": answers.check,
}


@dataclass(frozen=True)
class Verdict:
    """The violations, by the check that found them."""

    found: dict[str, list[Violation]]

    @property
    def violations(self) -> list[Violation]:
        return [violation for found in self.found.values() for violation in found]


def judge(records: Iterable[Record]) -> Verdict:
    """Whether what was promised was kept, by the log alone."""
    facts = Facts(records)
    return Verdict({name: list(check(facts)) for name, check in CHECKS.items()})
