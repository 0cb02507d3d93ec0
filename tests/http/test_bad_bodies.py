"""Bodies that are no JSON, cannot be kept or are too large: a clear 4xx, and nothing half-written."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.core import Core
from tests.support.api import Tenant, field_of


async def post_raw(org: Tenant, body: bytes | AsyncIterator[bytes], status: int, path: str = "/jobs") -> Any:
    return await org.call("POST", path, status, content=body, headers={"Content-Type": "application/json"})


def job_with(payload: str) -> bytes:
    return b'{"queue": "emails", "payload": ' + payload.encode("utf-8", "surrogatepass") + b"}"


BROKEN_JSON = {
    "cut short": b'{"queue": "emails"',
    "two values": b'{"queue": "emails", "payload": 1} {}',
    "single quotes": b"{'queue': 'emails'}",
    "a comment": b'{"queue": "emails", "payload": 1} // mine',
    "a form": b"queue=emails&payload=1",
    "raw NUL in text": job_with('"a\x00b"'),
    "raw NUL after": job_with("1") + b"\x00",
    "invalid UTF-8": b'{"queue": "emails", "payload": "\xff\xfe"}',
    "UTF-16": '{"queue": "emails", "payload": 1}'.encode("utf-16"),
    "lone surrogate escaped": job_with('"\\ud800"'),
    "lone surrogate as bytes": job_with('"\ud800"'),
    "NaN": job_with("NaN"),
    "Infinity": job_with("-Infinity"),
    "leading zero": job_with("01"),
    "nested too deep to read": job_with("[" * 100_000),
    "more digits than a number has": job_with("1" * 5_000),
}


@pytest.mark.parametrize("body", BROKEN_JSON.values(), ids=BROKEN_JSON.keys())
async def test_a_body_that_is_no_json_is_400(org: Tenant, body: bytes) -> None:
    """What is not JSON is 400, says so, and makes no job."""
    refused = await post_raw(org, body, 400)

    assert (refused["code"], field_of(refused)) == ("VALIDATION_ERROR", "body")
    assert await org.get("/jobs") == []


STRANGE_BUT_JSON = {
    "a NUL escaped": ('"a\\u0000b"', "payload"),
    "a NUL in a key": ('{"a\\u0000b": 1}', "payload"),
    "a NUL deep inside": ('{"a": [1, {"b": "\\u0000"}]}', "payload.a.1.b"),
    "nested too deep": ("[" * 129 + "]" * 129, "payload"),
    "infinity by exponent": ("1e999", "payload"),
    "minus infinity deep inside": ('[{"a": -1e999}]', "payload"),
}


@pytest.mark.parametrize(("payload", "field"), STRANGE_BUT_JSON.values(), ids=STRANGE_BUT_JSON.keys())
async def test_json_that_cannot_be_kept_is_400(org: Tenant, payload: str, field: str) -> None:
    """JSON that no column can hold is 400 and names where it stands."""
    refused = await post_raw(org, job_with(payload), 400)

    assert field_of(refused).removeprefix("body.").startswith(field)
    assert await org.get("/jobs") == []


EXACT = {
    "2**70": str(2**70),
    "10**400": str(10**400),
    "minus 2**63 - 1": str(-(2**63) - 1),
    "a float": "0.1",
    "the largest float": "1.7976931348623157e+308",
    "an emoji": '"😀"',
    "a pair of surrogates": '"\\ud83d\\ude00"',
    "a backslash before u0000": '"\\\\u0000"',
    "a duplicate key": '{"a": 1, "a": 2}',
    "128 levels": "[" * 126 + "]" * 126,
    "null": "null",
    "false": "false",
    "empty text": '""',
}


@pytest.mark.parametrize("payload", EXACT.values(), ids=EXACT.keys())
async def test_any_other_json_comes_back_exactly(org: Tenant, payload: str) -> None:
    """A payload is any JSON value and comes back as it was sent; of a repeated key the last one counts."""
    made = await org.raw("POST", "/jobs", content=job_with(payload))
    taken = await org.raw("POST", "/jobs/dequeue", json={"queue": "emails"})

    assert made.status_code == 201, made.text
    assert json.loads(payload) == json.loads(made.content)["payload"]
    assert json.loads(payload) == json.loads(taken.content)["payload"]


async def test_a_number_that_tags_cannot_hold_is_400(org: Tenant) -> None:
    """Tags are searched, so their numbers are 64-bit: a larger one is refused, not bent."""
    for tags in ([2**70], {"a": {"b": -(2**64)}}, [10**400]):
        refused = await org.push(tags=tags, status=400)
        assert field_of(refused) == "tags"

    kept = await org.push(tags=[2**63 - 1, -(2**63), 1.5])
    assert (await org.job(kept["id"]))["tags"] == [2**63 - 1, -(2**63), 1.5]


async def test_a_body_over_the_limit_is_413_before_it_is_read(org: Tenant, core: Core) -> None:
    """The size that a request states is enough to refuse it."""
    size = core.settings.max_body_bytes + 1

    refused = await post_raw(org, b"x" * size, 413)

    assert refused["code"] == "PAYLOAD_TOO_LARGE"
    assert str(core.settings.max_body_bytes) in refused["message"]


async def test_a_body_without_a_stated_size_is_413_at_the_limit(org: Tenant, core: Core) -> None:
    """A chunked body is cut off as soon as it passes the limit, however much would follow."""
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent <= 3 * core.settings.max_body_bytes:
            sent += 100_000
            yield b" " * 100_000

    refused = await post_raw(org, endless(), 413)

    assert refused["code"] == "PAYLOAD_TOO_LARGE"


@pytest.mark.parametrize(("stated", "status"), [("0" * 5_000 + "{size}", 201), ("9" * 5_000, 413)])
async def test_a_size_of_many_digits_is_read_as_a_number(org: Tenant, stated: str, status: int) -> None:
    """However long a stated size is written, it is what it says, and no fault."""
    body = job_with("1")
    headers = {"Content-Length": stated.format(size=len(body))}

    await org.call("POST", "/jobs", status, content=body, headers=headers)
