"""Each event is told at least once, by one delivery that never changes, and nothing else is told."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from tests.chaos.checker.facts import Facts, Violation, violation
from tests.chaos.checker.lives import deaths, lives
from tests.chaos.log import Record

_EVENT_OF = {"completed": "job.completed", "cancelled": "job.cancelled"}
_LONG_ENOUGH_SECONDS = 120.0
"""After a crash a delivery is taken again after a minute, and so is one that was refused."""
Event = tuple[str, str]
"""What happened, and to what; a job may die and be retried more than once."""


def check(facts: Facts) -> Iterator[Violation]:
    if not facts.all("webhook"):
        return
    real = happened(facts)
    deliveries: dict[str, Record] = {}
    told: dict[Event, dict[str, Record]] = defaultdict(dict)
    for called in facts.all("called"):
        event = called["event"], called["about"]
        if not called["is_signed"]:
            yield violation("call unsigned", f"{called['delivery']} has no valid signature.", called)
        if event not in real:
            yield violation("told of nothing", f"{event} was told and did not happen.", called)
        first = deliveries.setdefault(called["delivery"], called)
        if first["body"] != called["body"]:
            yield violation("told otherwise", f"{called['delivery']} changed.", first, called)
        told[event].setdefault(called["delivery"], called)
    for event, calls in told.items():
        if event in real and len(calls) > len(real[event]):
            text = f"{event} has {len(calls)} deliveries and happened {len(real[event])} times."
            yield violation("told twice", text, *calls.values())
    yield from _untold(facts, real)


def _untold(facts: Facts, real: Mapping[Event, Sequence[Record]]) -> Iterator[Violation]:
    patience = max((record["seconds"] for record in facts.all("waited")), default=0.0)
    waiting = {(record["event"], record["about"]): record for record in facts.all("waiting")}
    for event in untold(facts):
        record = waiting.get(event)
        if record is None:
            yield violation("event lost", f"{event} was never told.", *real[event])
        elif patience >= _LONG_ENOUGH_SECONDS:
            yield violation("event late", f"{event} still waits to be told.", record)


def untold(facts: Facts) -> set[Event]:
    """What happened and nobody has taken note of yet, at least not as often."""
    accepted = {(r["event"], r["about"], r["delivery"]) for r in facts.all("called") if r["accepted"]}
    times = Counter((event, about) for event, about, _ in accepted)
    return {event for event, shown in happened(facts).items() if times[event] < len(shown)}


def happened(facts: Facts) -> dict[Event, list[Record]]:
    """What somebody was to be told of, each with a record for each time."""
    real: dict[Event, list[Record]] = {}
    for found in facts.found.values():
        if found["status"] in _EVENT_OF:
            real[_EVENT_OF[found["status"]], found["job"]] = [found]
        for event, times in (
            ("job.deadlettered", len(deaths(found["history"]))),
            ("job.retried", len(lives(found)) - 1),
        ):
            if times:
                real[event, found["job"]] = times * [found]
    for runs in facts.all("runs"):
        for run in runs["runs"]:
            real["schedule.triggered", run["job_id"]] = [runs]
    for ended in facts.all("found workflow"):
        if ended["status"] in {"completed", "failed"}:
            real[f"workflow.{ended['status']}", ended["workflow"]] = [ended]
    wanted = {event for webhook in facts.all("webhook") for event in webhook["events"]}
    return {event: shown for event, shown in real.items() if event[0] in wanted}
