"""What became of jobs through acts on many: who was cancelled or retried, and by which act."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.chaos.checker.facts import Facts, holds, instant
from tests.chaos.log import Record

_EVENTS = {"cancel": "cancelled", "retry": "retried"}
_CLOCK_SECONDS = 0.1
"""What two readings of this machine's clock may differ by."""


@dataclass(frozen=True)
class Act:
    """An act that was confirmed; acts of a queue come one after the other.

    since, until: the time within which it touches jobs, the latter once its end or abort was answered.
    ended: the line that says so.
    """

    id: str
    preview: Record
    since: float
    until: float
    ended: Record | None

    @property
    def kind(self) -> str:
        return str(self.preview["act"])

    @property
    def queue(self) -> str:
        return str(self.preview["filter"]["queue_name"])

    @property
    def statuses(self) -> str | None:
        """Those that the filter names."""
        return self.preview["filter"].get("status")

    def touches(self, found: Record, event: Record) -> bool:
        """Whether this is what the act does, done in its time."""
        at = instant(event["at"])
        is_its_kind = event["event"] == _EVENTS[self.kind] and found["queue"] == self.queue
        return is_its_kind and self.since - _CLOCK_SECONDS <= at <= self.until + _CLOCK_SECONDS


def acts_of(facts: Facts) -> Sequence[Act]:
    """All whose confirmation was answered, in their order."""
    previews = {preview["token"]: preview for preview in facts.all("preview")}
    ends = {ended["act"]: ended for ended in facts.all("act ended")}
    aborts = {abort["act"]: abort for abort in facts.all("abort") if holds(abort)}
    sent: dict[str, float] = {}
    for confirm in facts.all("confirm"):
        sent[confirm["token"]] = min(confirm["sent"], sent.get(confirm["token"], confirm["sent"]))
    acts = {}
    for confirm in filter(holds, facts.all("confirm")):
        act, token = confirm["act"], confirm["token"]
        ended = ends.get(act)
        last = aborts.get(act, ended)
        until = last["ended"] if last else float("inf")
        acts[act] = Act(act, previews[token], sent[token], until, ended)
    return [*acts.values()]


def touches(facts: Facts) -> Iterator[tuple[Record, Record, Act | None]]:
    """Each job of a queue that acts are on, what happened to it, and the act that did so, if any."""
    acts = acts_of(facts)
    queues = {act.queue for act in acts}
    for found in facts.found.values():
        for event in found["history"]:
            if event["event"] == "retried" or (event["event"] == "cancelled" and found["queue"] in queues):
                yield found, event, next((act for act in acts if act.touches(found, event)), None)
