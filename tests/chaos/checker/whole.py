"""A request holds whole or not at all, makes nothing twice, and nothing is there that nobody asked for."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from tests.chaos.checker.facts import Facts, Violation, holds, may_hold, violation
from tests.chaos.log import Record


def check(facts: Facts) -> Iterator[Violation]:
    requests: dict[str, list[Record]] = defaultdict(list)
    for record in [*facts.all("push"), *facts.all("workflow")]:
        requests[record["token"]].append(record)
    for token, tries in requests.items():
        yield from _whole(facts, token, tries)
    for found in facts.found.values():
        payload = found["payload"]
        if "schedule" not in payload and payload.get("push") not in requests:
            yield violation("job of nobody", f"{found['job']} was pushed by nobody.", found)


def _whole(facts: Facts, token: str, tries: Sequence[Record]) -> Iterator[Violation]:
    made = facts.of_token(token)
    wanted = len(tries[0]["steps"] if tries[0]["what"] == "workflow" else tries[0]["jobs"])
    indexes = sorted(found["payload"]["i"] for found in made)
    acknowledged = any(holds(record) for record in tries)
    if len(set(indexes)) < len(indexes):
        yield violation("job made twice", f"{token} made jobs {indexes}.", *tries, *made)
    elif indexes and len(indexes) != wanted:
        yield violation("half a request", f"{token} made {len(made)} of {wanted} jobs.", *tries, *made)
    elif indexes and not any(may_hold(record) for record in tries):
        yield violation("refused and made", f"{token} was refused and made jobs.", *tries, *made)
    elif acknowledged and not indexes and not _shares_a_key(tries[0]):
        yield violation("job lost", f"{token} was acknowledged and made nothing.", *tries)


def _shares_a_key(push: Record) -> bool:
    """Whether another request may have come first with its key: keys of single jobs are sent again."""
    return bool(push.get("key")) and len(push["jobs"]) == 1
