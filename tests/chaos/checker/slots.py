"""Each slot of a schedule fires exactly once, by a reading of cron that is not the service's own."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from croniter import croniter

from tests.chaos.checker.facts import Facts, Violation, instant, violation
from tests.chaos.log import Record

_ON_TIME_SECONDS = 60.0
"""Within which the earliest slot that nobody fired is not missed, whatever the policy."""
_CLOCK_SECONDS = 0.1
"""What two readings of this machine's clock may differ by."""
_LATEST_SECONDS = 45.0
"""What may lie between the last slot that fired and the pause, beside the period."""


def check(facts: Facts) -> Iterator[Violation]:
    runs_of = {record["schedule"]: record for record in facts.all("runs")}
    jobs = Counter(
        found["payload"]["schedule"] for found in facts.found.values() if "schedule" in found["payload"]
    )
    for number, schedule in enumerate(facts.all("schedule")):
        runs = runs_of[schedule["schedule"]]
        paused = [r for r in facts.all("paused") if r["schedule"] == schedule["schedule"]]
        yield from _slots(schedule, runs, paused)
        fired = [run["job_id"] for run in runs["runs"]]
        for job in set(fired) - set(facts.found):
            yield violation("job lost", f"{job} of a slot that fired is not there.", schedule, runs)
        if len(set(fired)) < len(fired) or jobs[number] != len(fired):
            text = f"{len(fired)} slots fired, {len(set(fired))} jobs by the runs, {jobs[number]} are there."
            yield violation("slot twice", text, schedule, runs)


def _slots(schedule: Record, runs: Record, paused: Sequence[Record]) -> Iterator[Violation]:
    first, last = schedule["sent"], paused[-1]["ended"]
    period = croniter(schedule["cron"], 0, second_at_beginning=True)
    expected = []
    moment = croniter(schedule["cron"], datetime.fromtimestamp(first, UTC), second_at_beginning=True)
    while (slot := moment.get_next(float)) <= last:
        expected.append(slot)
    planned = Counter(instant(run["planned_at"]) for run in runs["runs"])
    for slot, times in planned.items():
        if times > 1:
            yield violation("slot twice", f"{_text(slot)} fired {times} times.", schedule, runs)
    for slot in set(planned) - set(expected):
        yield violation("slot of no cron", f"{_text(slot)} fired, which is no slot.", schedule, runs)
    for run in runs["runs"]:
        if instant(run["started_at"]) < instant(run["planned_at"]) - _CLOCK_SECONDS:
            yield violation(
                "slot early", f"{run['planned_at']} fired at {run['started_at']}.", schedule, runs
            )
    latest = max(planned, default=first)
    for slot in expected:
        if (
            schedule["ended"] < slot < latest
            and slot not in planned
            and not _may_miss(schedule, runs, expected, slot)
        ):
            yield violation("slot missed", f"{_text(slot)} did not fire.", schedule, runs)
    length = period.get_next(float) - period.get_prev(float)
    if paused[0]["sent"] - latest > length + _LATEST_SECONDS:
        yield violation("slot missed", f"None fired after {_text(latest)}.", schedule, runs, paused[0])


def _may_miss(schedule: Record, runs: Record, expected: Sequence[float], slot: float) -> bool:
    """Whether nobody was there for a minute, and the policy lets it go: others fire the most recent ones."""
    planned = {instant(run["planned_at"]): instant(run["started_at"]) for run in runs["runs"]}
    next_at = min(at for fired, at in planned.items() if fired > slot)
    before = max((fired for fired in planned if fired < slot), default=schedule["ended"])
    if next_at - min(due for due in expected if due > before) <= _ON_TIME_SECONDS:
        return False
    if schedule["policy"] == "skip":
        return next_at - slot > _ON_TIME_SECONDS
    most = 1 if schedule["policy"] == "last" else schedule["limit"]
    return sum(slot <= due <= next_at for due in expected) > most


def _text(slot: float) -> str:
    return datetime.fromtimestamp(slot, UTC).isoformat()
