"""What is said while things go wrong: 503 with a time to come back, no other fault, and never nothing."""

from collections.abc import Iterator

from tests.chaos.checker.facts import Facts, Violation, violation
from tests.chaos.log import Record
from tests.chaos.plan import CUTS

LONGEST_SECONDS = 50.0
"""For any answer: 30 s of a statement, 5 s of grace, 5 s for a connection, and a slow network."""

_ENDINGS = {"UNAVAILABLE", "CANCELLED", "UNKNOWN"}
"""Of a stream that breaks; a worker would take OK for the end of its work."""


def check(facts: Facts) -> Iterator[Violation]:
    for request in facts.all("request"):
        status = request["status"]
        text = f"{request['op']} over {request['via']} was answered {status}: {request.get('said')}"
        if status == 503 and not request.get("retry_after"):
            yield violation("no Retry-After", text, request)
        elif status >= 500 and status != 503:
            yield violation("fault", text, request)
        elif request["outcome"] == "no" and status and status != 409:
            yield violation("refused", text, request)
        took = request["ended"] - request["sent"]
        if took > LONGEST_SECONDS and not _line_was_cut(facts, request):
            yield violation("no answer", f"{request['op']} took {took:.0f} s.", request)

    for stream in facts.all("stream"):
        if stream["ending"] not in _ENDINGS:
            text = f"The stream of {stream['worker']} ended with {stream['ending'] or 'OK'}: {stream['said']}"
            yield violation("stream ended", text, stream)


def _line_was_cut(facts: Facts, request: Record) -> bool:
    """Whether the client may not have been heard, or not have heard the answer."""
    names = [f"{kind} client-{request['via']}" for kind in CUTS]
    return facts.struck(names, request["sent"] - LONGEST_SECONDS, request["ended"])
