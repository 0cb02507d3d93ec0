"""What a happening becomes for its readers."""

import orjson
import pytest

from shared.live import DOTTED, LiveEvent
from shared.live.position import Place, Position
from shared.live.translate import _RECIPES, happening

POSITION = Position("stream", Place(5, 1))
AT = "2026-03-01T12:00:00Z"
JOB = {
    "job_id": "job_1",
    "queue_name": "emails",
    "status": "pending",
    "previous_status": "processing",
    "priority": 5,
    "retry_count": 1,
    "max_retries": 3,
    "result": None,
    "error": "broken",
    "will_retry": True,
    "duration_ms": 12,
}


def events_of(names: list[str], item: bytes) -> tuple[LiveEvent, ...]:
    return happening(POSITION, orjson.dumps(names), item, AT).events


def test_a_failure_is_two_events_of_the_contract() -> None:
    """The change of status comes first, then what happened, with the fields that clients know."""
    first, second = events_of(["job.failed", "job.deadlettered"], orjson.dumps(JOB))

    assert orjson.loads(first.wire) == {
        "type": "JobStatusChange",
        "data": {
            "job_id": "job_1",
            "queue_name": "emails",
            "old_status": "processing",
            "new_status": "pending",
            "timestamp": AT,
        },
    }
    assert orjson.loads(second.wire) == {
        "type": "JobFailed",
        "data": {
            "job_id": "job_1",
            "queue_name": "emails",
            "error": "broken",
            "retry_count": 1,
            "will_retry": True,
            "timestamp": AT,
        },
    }
    assert [(event.id, event.queues, event.job_id, event.right) for event in (first, second)] == [
        ("5-1.1", ("emails",), "job_1", "jobs:read"),
        ("5-1", ("emails",), "job_1", "jobs:read"),
    ]


@pytest.mark.parametrize("name", _RECIPES)
def test_every_type_has_the_name_that_clients_give_it(name: str) -> None:
    """An event that is told can also be asked for."""
    for event in events_of([name], orjson.dumps(JOB)):
        assert event.type in DOTTED
        assert (
            event.right == f"{'jobs' if name.startswith('workflow') else name.partition('.')[0] + 's'}:read"
        )
        assert event.data["timestamp"] == AT


@pytest.mark.parametrize(
    ("result", "told"),
    [
        ('{"ok": true}', '{"ok":true}'),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        (r'"\ud800"', r'"\ud800"'),
        ('"%s"' % ("x" * 4094), '"%s"' % ("x" * 4094)),
        ('"%s"' % ("x" * 4095), None),
        ("null", None),
    ],
    ids=["object", "integer beyond 64 bits", "half a character", "4 KB", "more", "null"],
)
def test_a_result_is_told_exactly_unless_it_is_large(result: str, told: str | None) -> None:
    """Up to 4 KB it stands in the event as the worker sent it; a larger one stands in the job alone."""
    item = orjson.dumps(JOB | {"result": "R"}).decode().replace('"R"', result)

    completed = events_of(["job.completed"], item.encode())[-1]

    assert completed.type == "JobCompleted"
    assert completed.wire.decode().count('"result"') == (told is not None)
    assert told is None or f'"result":{told}' in completed.wire.decode()


def test_an_event_of_a_worker_concerns_each_of_its_queues() -> None:
    """Who is held to one of the worker's queues may see it."""
    item = {"worker_id": "w", "queue_name": "a", "queue_names": ["a", "b"], "hostname": "h"}

    (event,) = events_of(["worker.registered"], orjson.dumps(item))

    assert (event.queues, event.job_id) == (("a", "b"), None)
    assert event.data == item | {"timestamp": AT}


@pytest.mark.parametrize("item", [b"", b"[", b"7", b"{}", b"\xff"])
def test_what_cannot_be_read_is_no_event(item: bytes) -> None:
    """Broken data makes nothing up and stops nobody."""
    for event in events_of(["job.created", "something.else"], item):
        assert event.job_id is None


@pytest.mark.parametrize(
    "text", ["5-1", "5-1.1", "p5-1", "p5-1.2", "18446744073709551615-18446744073709551615"]
)
def test_an_id_is_read_as_it_was_written(text: str) -> None:
    """A reader's last id says where it was."""
    assert str(Position.read(text)) == text


@pytest.mark.parametrize(
    "text", ["", "5", "-", "5-", "5-1.", "5-1.0", "5-1.10", " 5-1", "5-1\n", "q5-1", "5-٣"]
)
def test_what_is_no_id_is_none(text: str) -> None:
    """Nothing else is taken for one."""
    assert Position.read(text) is None
