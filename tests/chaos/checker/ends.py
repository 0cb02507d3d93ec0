"""Each job is as its clients left it: what was acknowledged holds, and what holds somebody asked for."""

from collections.abc import Iterator, Sequence

from tests.chaos.checker.facts import Facts, Violation, holds, may_hold, violation
from tests.chaos.checker.lives import deaths, lives, place
from tests.chaos.checker.touches import touches
from tests.chaos.log import Record

_FINAL_EVENTS = {"completed", "cancelled"}
_SETTLING_EVENTS = {"completed", "failed", "released"}
_LAST_EVENT = {"completed": "completed", "cancelled": "cancelled", "deadletter": "failed"}


def check(facts: Facts) -> Iterator[Violation]:
    by_acts = {found["job"] for found, _, act in touches(facts) if act and act.kind == "cancel"}
    for found in facts.found.values():
        yield from _acknowledged(facts, found)
        yield from _history(found)
        yield from _dead(facts, found)
        match found["status"]:
            case "completed":
                yield from _completed(facts, found)
            case "cancelled":
                # A step may be cancelled for the sake of another: `order` looks at those.
                asked = any(may_hold(record) for record in facts.about("cancel", found["job"]))
                if not asked and not found["workflow"] and found["job"] not in by_acts:
                    yield violation("cancelled by nobody", f"Nobody asked to cancel {found['job']}.", found)


def _acknowledged(facts: Facts, found: Record) -> Iterator[Violation]:
    for record in facts.about("complete", found["job"]):
        if holds(record) and (found["status"], _lease(found)) != ("completed", record["lease"]):
            yield violation(
                "completion does not hold",
                f"{found['job']} was completed and is {found['status']} by {_lease(found)}.",
                record,
                found,
            )
    failed = {
        (life, event["attempt"]): event
        for life, events in enumerate(lives(found))
        for event in events
        if event["event"] == "failed"
    }
    for record in facts.about("fail", found["job"]):
        event = failed.get(place(facts, record))
        if holds(record) and (event is None or event["error"] != "on purpose"):
            yield violation(
                "failure does not hold",
                f"{found['job']} was failed and its history has it not.",
                record,
                found,
            )


def _lease(found: Record) -> str | None:
    return found["result"]["lease"] if found["result"] else None


def _completed(facts: Facts, found: Record) -> Iterator[Violation]:
    tries = [r for r in facts.about("complete", found["job"]) if r["lease"] == _lease(found)]
    if not any(may_hold(record) for record in tries):
        yield violation(
            "completed by nobody", f"{found['job']} has a result that nobody sent in vain.", found, *tries
        )
    elif place(facts, tries[0]) != _last(found):
        yield violation(
            "half a completion", f"{found['job']} has the result of another attempt.", found, tries[0]
        )


def _dead(facts: Facts, found: Record) -> Iterator[Violation]:
    buried = [r for r in facts.about("fail", found["job"]) if r["no_retry"] and may_hold(r)]
    at_places = {place(facts, record) for record in buried}
    ended = lives(found) if found["status"] == "deadletter" else lives(found)[:-1]
    for life, events in enumerate(ended):
        last = events[-1]
        used_up = last.get("attempt", 0) > found["max_retries"]
        if last["event"] != "failed" or not (used_up or (life, last["attempt"]) in at_places):
            yield violation("dead without a reason", f"{found['job']} had attempts left.", found, *buried)


def _last(found: Record) -> tuple[int, int]:
    """The last life and attempt."""
    *before, last = lives(found)
    attempts = [event["attempt"] for event in last if event["event"] == "claimed"]
    return len(before), max(attempts, default=0)


def _history(found: Record) -> Iterator[Violation]:
    """One beginning, the end that the job has, and attempts in order, each settled once."""
    events = [event["event"] for event in found["history"]]
    if events[0] != "created" or any(event in {"created", *_FINAL_EVENTS} for event in events[1:-1]):
        yield violation("history", f"{found['job']} goes on after its end: {events}.", found)
    if events[-1] != _LAST_EVENT.get(found["status"], events[-1]):
        yield violation("history", f"{found['job']} is {found['status']} and ends with {events[-1]}.", found)
    for life in lives(found):
        if deaths(life[:-1]):
            yield violation("history", f"{found['job']} goes on after its death: {events}.", found)
        yield from _attempts(found, life)


def _attempts(found: Record, life: Sequence[Record]) -> Iterator[Violation]:
    last, held = 0, None
    for event in life:
        if event["event"] in _SETTLING_EVENTS:
            if event["attempt"] != held:
                yield violation("settled twice", f"{found['job']} was not held when it was settled.", found)
            held = None
        if event["event"] == "released":
            last = event["attempt"] - 1
        if event["event"] == "claimed":
            held = event["attempt"]
            if event["attempt"] != last + 1:
                yield violation("history", f"{found['job']} has attempts out of order.", found)
            last = event["attempt"]
    if last > found["max_retries"] + 1:
        yield violation("history", f"{found['job']} was tried more often than it may.", found)
