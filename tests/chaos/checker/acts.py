"""Acts on many jobs: each happens once, touches what it is about and nothing else, and counts it right."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from tests.chaos.checker.answers import LONGEST_SECONDS
from tests.chaos.checker.facts import Facts, Violation, holds, instant, violation
from tests.chaos.checker.lives import deaths
from tests.chaos.checker.touches import Act, acts_of, touches
from tests.chaos.log import Record

_ENDS = {"completed", "aborted"}


def check(facts: Facts) -> Iterator[Violation]:
    known = {record["act"]: record for record in facts.all("found act")}
    yield from _begun(facts, known)
    touched: dict[str, list[Record]] = defaultdict(list)
    for found, event, cause in touches(facts):
        if cause is None:
            text = f"{found['job']} was {event['event']} at {event['at']}, when no act was at it."
            yield violation("touched by nobody", text, found)
        else:
            touched[cause.id].append(found)
    for act in acts_of(facts):
        if act.id in known:
            yield from _counts(act, known[act.id], touched[act.id])
            if known[act.id]["status"] == "completed" and act.statuses != "scheduled":
                yield from _left_out(facts, act, known[act.id], touched[act.id])


def _begun(facts: Facts, known: Mapping[str, Record]) -> Iterator[Violation]:
    by_token: dict[str, list[Record]] = defaultdict(list)
    for confirm in filter(holds, facts.all("confirm")):
        by_token[confirm["token"]].append(confirm)
        if confirm["act"] not in known:
            yield violation("act lost", f"{confirm['act']} was confirmed and is not there.", confirm)
    for token, confirms in by_token.items():
        made = {confirm["act"] for confirm in confirms}
        if len(made) > 1:
            yield violation("act made twice", f"{token} was confirmed as {sorted(made)}.", *confirms)
    confirmed = {act.id for act in acts_of(facts)}
    for act, record in known.items():
        if act not in confirmed:
            yield violation("act of nobody", f"{act} was not confirmed.", record)


def _counts(act: Act, record: Record, touched: Sequence[Record]) -> Iterator[Violation]:
    if record["status"] not in _ENDS:
        yield violation("act not ended", f"{act.id} is {record['status']}: {record['error']}.", record)
    if act.ended is not None and record["status"] != act.ended["status"]:
        yield violation("act not ended", f"{act.id} was {act.ended['status']}.", act.ended, record)
    if record["done"] != len(touched):
        text = f"{act.id} counts {record['done']} jobs done, and {len(touched)} were."
        yield violation("act counts wrong", text, record, *touched)
    sum_of = record["done"] + record["skipped"] + record["failed"]
    if record["failed"] or (record["status"] == "completed" and sum_of != record["matched"]):
        yield violation("act counts wrong", f"{act.id} matched {record['matched']}.", record)


def _left_out(facts: Facts, act: Act, record: Record, touched: Sequence[Record]) -> Iterator[Violation]:
    """Jobs to which the act applied from before it was previewed until it had ended."""
    others = {found["job"] for found in facts.found.values() if found["queue"] == act.queue}
    for job in sorted(others - {found["job"] for found in touched}):
        if _applied(facts, act, facts.found[job]):
            text = f"{job} was there for {act.id}, which left it alone."
            yield violation("job left out", text, act.preview, record, facts.found[job])


def _applied(facts: Facts, act: Act, found: Record) -> bool:
    since, until = act.preview["sent"], act.until
    if act.kind == "retry":
        # When the failure was asked for; it was written down at the latest when it had to be answered.
        died = [instant(event["at"]) for event in deaths(found["history"])]
        back = [instant(event["at"]) for event in found["history"] if event["event"] == "retried"]
        return any(at + LONGEST_SECONDS < since and not any(at <= b <= until for b in back) for at in died)
    left = [instant(event["at"]) for event in found["history"] if event["event"] in {"claimed", "cancelled"}]
    return facts.acknowledged_at(found) < since and min(left, default=until + 1) > until
