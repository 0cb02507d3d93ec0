"""What reads text that clients write, and what must be true of it whatever they write.

Each target takes bytes, and raises when a promise is broken; a refusal is none.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import process_time
from typing import Any

from functions.streams.app import every_method
from shared import ids
from shared.edge.body import parse_event, parse_json
from shared.edge.respond import query_values, validated
from shared.errors import FaultError, InvalidInputError, SpooledError
from shared.jobs.filtering import STATUSES, parse_statuses
from shared.live.position import Position
from shared.schedules.cron import CronSchedule, InvalidCron, UnknownTimezone
from shared.signature import stripe_fault
from shared.trace import parse_trace
from shared.webhooks.target import WebhookUrlError, parse_target
from shared.wire.job_views import ListJobsQuery
from shared.wire.live import EventsQuery
from shared.wire.rpc.values import given

NOW = datetime(2026, 3, 8, 6, 30, tzinfo=UTC)
LONGEST_WAIT = timedelta(days=365 * 41)
MOST_SECONDS = 0.5
LONGEST_MESSAGE = 20_000
_METHODS = every_method()


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def cron(data: bytes) -> None:
    """Every other line is a time zone."""
    expression, _, zone = _text(data).partition("\n")
    try:
        schedule = CronSchedule.parse(expression, zone or "America/New_York")
    except (InvalidCron, UnknownTimezone) as refusal:
        _is_brief(str(refusal))
        return
    fire = schedule.next_after(NOW)
    assert NOW < fire < NOW + LONGEST_WAIT
    assert schedule.next_after(fire - timedelta(seconds=1)) == fire
    assert schedule.last_before_or_at(NOW, fire) == fire


def filters(data: bytes) -> None:
    """The query of a list of jobs, from its bytes to the parameters of a statement."""
    try:
        query = validated(ListJobsQuery, query_values({"query_string": data}))
        statuses = parse_statuses(query.status)
    except InvalidInputError as refusal:
        _is_short(refusal)
        return
    assert statuses is None or set(statuses) <= set(STATUSES)
    low, high = ids.range_of_head("job", query.q or "")
    assert 0 <= low <= 2**63 - 1
    assert -1 <= high <= 2**63 - 1


def events(data: bytes) -> None:
    """The query of a stream, and the id that it begins behind."""
    try:
        query = validated(EventsQuery, query_values({"query_string": data}))
        query.types()
    except InvalidInputError as refusal:
        _is_short(refusal)
        return
    position = Position.read(query.last_event_id or "")
    assert position is None or Position.read(str(position)) == position


def body(data: bytes) -> None:
    """JSON of a request: what is read can be written again, and reads as Python reads it."""
    try:
        value = parse_json(data)
    except InvalidInputError as refusal:
        _is_short(refusal)
        return
    again = json.dumps(value)
    assert "\\u0000" not in again.replace("\\\\", "")
    if data.strip() and "Infinity" not in again:
        assert json.loads(data) == value


def event(data: bytes) -> None:
    """The body of a webhook, JSON or a form by its first byte."""
    kinds = ("application/json", "application/x-www-form-urlencoded", "")
    try:
        parse_event(data[1:], kinds[data[0] % 3] if data else "")
    except InvalidInputError as refusal:
        _is_short(refusal)


def url(data: bytes) -> None:
    """The address of a webhook: what is one leads to no private network, and can be written in a head."""
    try:
        target = parse_target(_text(data), development=False)
    except WebhookUrlError:
        return
    assert target.scheme == "https"
    assert f"{target.host}{target.path}".isascii()
    assert f"{target.host}{target.path}".isprintable()
    assert "." in target.host or ":" in target.host
    assert 0 < target.port <= 65_535


def head(data: bytes) -> None:
    """Ids, trace and signature, as a request has them."""
    lines = [*_text(data).split("\n"), "", "", ""]
    for prefix in ("job", "org"):
        key = ids.decode(prefix, lines[0])
        assert key == ids.UNKNOWN or ids.decode(prefix, ids.encode(prefix, key)) == key
    trace = parse_trace(lines[1], lines[2])
    assert trace is None or (len(trace) <= 600 and trace.isascii())
    assert stripe_fault("secret", lines[3], b"", NOW)


def message(data: bytes) -> None:
    """A message of gRPC, of a method by its first byte: what is said can be stored."""
    from google.protobuf.message import DecodeError  # noqa: PLC0415 - beside its use

    method = _METHODS[data[0] % len(_METHODS)] if data else _METHODS[0]
    try:
        said: Any = method.request.FromString(data[1:])
        values = {} if method.streams_requests else given(said)
    except (DecodeError, InvalidInputError):
        return
    assert "\\u0000" not in json.dumps(values).replace("\\\\", "")


def _is_brief(text: str) -> None:
    assert len(text) <= 300
    assert text.isprintable()


def _is_short(refusal: SpooledError) -> None:
    assert not isinstance(refusal, FaultError)
    assert len(json.dumps(refusal.body())) < LONGEST_MESSAGE


def checked(target: Callable[[bytes], None]) -> Callable[[bytes], None]:
    """The target, which must be quick too."""

    def run(data: bytes) -> None:
        began = process_time()
        target(data)
        taken = process_time() - began
        assert taken < MOST_SECONDS, f"{taken:.2f} s of processor"

    return run


TARGETS: dict[str, tuple[Callable[[bytes], None], list[bytes]]] = {
    "cron": (
        cron,
        [
            b"*/5 * * * *",
            b"0 9 * * MON-FRI\nEurope/Berlin",
            b"0 0 30 2 *",
            b"0 0 29 2 *\nAustralia/Lord_Howe",
            b"* * * * * *",
            b"0 0 L * FRIL",
            b"0 0 ? * MON#5",
            b"22-2 */7 1,15 JAN-DEC/3 0,6",
            b"@daily\nAmerica/New_York",
            b"*/1000000000 * * * *",
            b"0,0,0,0,0,0,0,0 0 1 1 *\nUTC",
            b"30 2 8 3 *\nAmerica/New_York",
        ],
    ),
    "filters": (
        filters,
        [
            b"status=failed,dead_letter&q=job_01&limit=5&offset=3",
            b"q=%25_%25_%25&tag=a&tag=b&job_type=x",
            b"created_after=2020-01-01&created_before=2030-01-01T00:00:00%2B01:00&after=job_01k8x5q2m4c00",
            b"order_by=created_at&order=asc&queue=emails&queue_name=emails",
            b"q=%ff&limit=1e9&offset=-1&status=,,,",
        ],
    ),
    "events": (
        events,
        [
            b"queue=emails&events=JobCreated,job.completed&last_event_id=1795897095211-0.1",
            b"last_event_id=p7423-12&job_id=job_0",
            b"events=,job.status&token=x",
        ],
    ),
    "body": (
        body,
        [
            b'{"queue":"a","payload":{"a":[1,-0,1e400,"\\u0000\\ud83d\\ude00"]}}',
            b"[" * 130 + b"]" * 130,
            b'{"a":1,"a":2}',
            b"9" * 50,
            b'"\\ud800"',
            b" \xef\xbb\xbf{}",
            b'[NaN,Infinity,01,.1,"\xff"]',
        ],
    ),
    "event": (event, [b"\x00{}", b"\x01payload=%7B%22a%22%3A1%7D&x=1", b'\x02{"id":"evt_1","type":"a"}']),
    "url": (
        url,
        [
            b"https://hooks.example.com/a?b=c",
            b"https://[::ffff:127.0.0.1]:443/",
            b"https://0x7f.1/",
            b"https://a@b.example/",
            b"https://example.com.:8443#x",
            b"http://2130706433/",
            b"https://metadata.google.internal/",
        ],
    ),
    "head": (
        head,
        [
            b"job_01k8x5q2m4c00\n00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\na=b,c@d=e\nt=1,v1=a",
            b"org_7zzzzzzzzzzzz\ncc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-ff-x\n" + b"a=b," * 40,
        ],
    ),
    "message": (
        message,
        [b"%c\x0a\x06emails\x12\x0b\x0a\x09\x0a\x01a\x12\x04\x1a\x02ok" % number for number in range(12)],
    ),
}
"""By name: the target, and what to begin with, which CI sends too. What was found once stands there."""
