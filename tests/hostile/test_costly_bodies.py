"""Bodies just under the limit of size, made to cost as much as they can."""

import json
from collections.abc import Callable

import httpx
import pytest

from shared.json_text import LARGEST_NOTES_BYTES
from shared.settings import Settings
from tests.support.api import Tenant, field_of
from tests.support.effort import EFFORT
from tests.support.victim import Victim

SIZE = Settings.model_fields["max_body_bytes"].default - 10_000
MOST_SECONDS = 1.0
"""Of the processor; before they were bounded some took 9."""
MOST_MEGABYTES = 250.0
"""Before they were bounded some took 2,300."""


def filled(unit: str, begin: str = "[", end: str = "]") -> str:
    """As many units as there is room for."""
    return begin + ",".join([unit] * (SIZE // (len(unit) + 1))) + end


VALUES = {
    "lists": filled("[]"),
    "objects": filled("{}"),
    "nested": filled("[" * 100 + "]" * 100),
    "too deep": "[" * (SIZE // 2) + "]" * (SIZE // 2),
    "ones": filled("1"),
    "texts": filled('""'),
    "digits": filled("9" * 4000),
    "floats": filled("1e-300"),
    "infinities": filled("1e999"),
    "NUL": filled('"\\u0000"'),
    "names": "{" + ",".join(f'"{number:x}":1' for number in range(SIZE // 10)) + "}",
    "one name": filled('"a":1', "{", "}"),
    "brackets in a text": '"' + "[" * SIZE + '"',
    "quotes in a text": '"' + '\\"' * (SIZE // 2),
}
PLACES = {
    "jobs": '{"queue":"a","payload":%s}',
    "jobs tags": '{"queue":"a","payload":1,"tags":%s}',
    "jobs/bulk": '{"queue":"a","jobs":%s}',
    "jobs/job_0000000000001/complete": '{"worker_id":"w","result":%s}',
    "workflows": '{"name":"a","jobs":%s}',
    "workflows depends_on": '{"name":"a","jobs":[{"key":"a","queue":"a","payload":1,"depends_on":%s}]}',
    "workflows metadata": '{"name":"a","jobs":[{"key":"a","queue":"a","payload":1}],"metadata":%s}',
    "schedules": '{"name":"a","cron_expression":"@yearly","queue":"a","payload":1,"metadata":%s}',
    "workers/register": '{"queue_name":"a","hostname":"a","metadata":%s}',
    "api-keys": '{"name":"a","queues":%s}',
    "jobs/acts/preview": '{"act":"retry","filter":{"job_ids":%s}}',
    "schedules/preview": '{"cron_expression":%s}',
}


TRIED = {place: list(VALUES) if place == "jobs" or EFFORT > 1 else ["ones", "names"] for place in PLACES}


@pytest.mark.parametrize("place", PLACES)
def test_no_body_under_the_limit_costs_much(victim: Victim, place: str) -> None:
    """Whatever a body is made of, it is an answer below 500, within bounds of processor time and memory."""
    url = f"{victim.run.url}/api/v1/{place.partition(' ')[0]}"
    with httpx.Client(headers={"Authorization": f"Bearer {victim.key}"}, timeout=120) as client:
        for name in TRIED[place]:
            body = (PLACES[place] % VALUES[name]).encode()
            with victim.costing() as cost:
                status = client.post(url, content=body).status_code
            assert status < 500, (name, status)
            assert cost.seconds < MOST_SECONDS, (name, cost)
            assert cost.megabytes < MOST_MEGABYTES, (name, cost)


async def test_a_body_has_so_many_lists_and_objects(org: Tenant) -> None:
    """A quarter of a million are read, one more is refused; brackets within texts are none."""

    def body(count: int) -> str:
        return '{"queue": "a", "payload": ["[[{\\"[", ' + ",".join(["[]"] * (count - 2)) + "]}"

    kept = await org.raw("POST", "/jobs", content=body(250_000))
    refused = await org.call("POST", "/jobs", 400, content=body(250_001))
    texts = await org.raw("POST", "/jobs", content='{"queue": "a", "payload": "' + "[" * 260_000 + '"}')

    assert (kept.status_code, texts.status_code) == (201, 201)
    assert (field_of(refused), refused["details"][0]["code"]) == ("body", "too_many")


BIG = {"a": "x" * LARGEST_NOTES_BYTES}
STEP = {"key": "a", "queue": "a", "payload": 1}
SCHEDULE = {"name": "a", "cron_expression": "@yearly", "queue": "a", "payload": 1}
Body = Callable[[dict[str, object]], dict[str, object]]
NOTES: dict[str, tuple[str, str, Body]] = {
    "job": ("/jobs", "tags", lambda notes: {"queue": "a", "payload": 1, "tags": notes}),
    "step": ("/workflows", "tags", lambda notes: {"name": "a", "jobs": [STEP | {"tags": notes}]}),
    "workflow": ("/workflows", "metadata", lambda notes: {"name": "a", "jobs": [STEP], "metadata": notes}),
    "schedule": ("/schedules", "tags", lambda notes: SCHEDULE | {"tags": notes}),
    "metadata": ("/schedules", "metadata", lambda notes: SCHEDULE | {"metadata": notes}),
}


@pytest.mark.parametrize("kind", NOTES)
async def test_what_lists_show_is_small(org: Tenant, kind: str) -> None:
    """Tags and metadata have 64 KB at most: a page of a list shows a hundred of them."""
    path, field, body = NOTES[kind]

    refused = await org.post(path, body(BIG), 400)
    await org.post(path, body({"a": "x" * (LARGEST_NOTES_BYTES - len(json.dumps({"a": ""})))}), 201)

    assert field_of(refused).endswith(field)
    assert "65536 bytes" in refused["message"]


@pytest.mark.parametrize("field", ["tags", "metadata"])
async def test_a_schedule_keeps_numbers_that_can_be_read_again(org: Tenant, field: str) -> None:
    """A number beyond 64 bits is refused where the database keeps its own form of JSON."""
    for number in (2**70, -(2**64), 10**400):
        refused = await org.post("/schedules", SCHEDULE | {field: {"a": [number]}}, 400)
        assert field_of(refused).startswith(field)

    made = await org.post("/schedules", SCHEDULE | {field: {"a": [2**63 - 1]}}, 201)
    assert (await org.get(f"/schedules/{made['id']}"))[field] == {"a": [2**63 - 1]}


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "gzip, gzip", "x"])
async def test_a_compressed_body_is_not_unpacked(org: Tenant, encoding: str) -> None:
    """Whatever it would be, it is refused by its header, which the message names."""
    headers = {"Content-Encoding": encoding}
    refused = await org.call("POST", "/jobs", 400, content=b"\x1f\x8b" * 100, headers=headers)

    assert (field_of(refused), refused["details"][0]["code"]) == ("body", "compressed")
    assert encoding in refused["message"]
    body = {"queue": "a", "payload": 1}
    await org.call("POST", "/jobs", 201, json=body, headers={"Content-Encoding": "identity"})
