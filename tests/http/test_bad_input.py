"""Bad input: a clear 4xx that names the field and the rule, and nothing half-written."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.core import Core
from tests.support.api import Api, Tenant


def field_of(answer: dict[str, Any]) -> str:
    """The field that an error names."""
    assert answer["error"] == answer["message"]
    return answer["details"][0]["field"]


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


WRONG_TYPES: list[Any] = [[], [1], "text", 1, True, None]


@pytest.mark.parametrize("body", WRONG_TYPES, ids=str)
async def test_a_body_that_is_no_object_is_422(org: Tenant, body: Any) -> None:
    """A body is an object."""
    refused = await org.call("POST", "/jobs", 422, content=json.dumps(body))

    assert refused["code"] == "VALIDATION_ERROR"


MISTYPED: dict[str, list[Any]] = {
    "queue_name": [1, True, [], {}, 1.5],
    "priority": ["1", True, 1.5, [], {}],
    "max_retries": ["3", False, {}],
    "timeout_seconds": ["300", True, 0.5],
    "delay_seconds": ["60", True, [], {}],
    "scheduled_at": [
        1,
        1.5,
        "1700000000",
        "1.7e9",
        "-5",
        "tomorrow",
        "2030-01-01",
        "2030-01-01T00:00:00",
        True,
        [],
        "",
    ],
    "expires_at": [1, "never", "2030-01-01T00:00:00"],
    "idempotency_key": [1, True, []],
    "tags": [1, "text", True],
    "parent_job_id": [1, True, {}],
    "completion_webhook": [1, []],
}


@pytest.mark.parametrize("field", MISTYPED)
async def test_a_field_of_the_wrong_type_is_422(org: Tenant, field: str) -> None:
    """Types are not guessed: text is no number, a number is no time, a time has an offset."""
    for value in MISTYPED[field]:
        body = {"queue_name": "emails", "payload": 1, field: value}
        refused = await org.call("POST", "/jobs", 422, json=body)
        assert (value, field) == (value, field_of(refused).split(".")[0])

    assert await org.get("/jobs") == []


OUT_OF_RANGE: dict[str, list[Any]] = {
    "queue_name": ["", "a" * 101, "a b", "a/b", "ä", "a\n", "a;drop"],
    "priority": [-101, 101, 2**31, 2**63, 2**70, -(2**70), 10**400, 1e300],
    "max_retries": [-1, 101, 2**70],
    "timeout_seconds": [0, -1, 86_401, 2**31, 2**70],
    "delay_seconds": [-1, -0.001, 315_360_001, 2**70, 1e300, 10**400],
    "scheduled_at": ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00Z"],
    "expires_at": ["9999-12-31T23:59:59-00:01", "0001-01-01T00:00:00Z"],
    "idempotency_key": ["", "k" * 256],
    "parent_job_id": ["j" * 256],
    "completion_webhook": ["https://example.com/" + "x" * 2048],
}


@pytest.mark.parametrize("field", OUT_OF_RANGE)
async def test_a_value_out_of_range_is_400(org: Tenant, field: str) -> None:
    """A value beyond its rule is 400 and names the field; none overflows on its way to the database."""
    for value in OUT_OF_RANGE[field]:
        body = {"queue_name": "emails", "payload": 1, field: value}
        refused = await org.call("POST", "/jobs", 400, json=body)
        assert (value, field) == (value, field_of(refused))

    assert await org.get("/jobs") == []


EXTREMES: dict[str, list[Any]] = {
    "queue_name": ["a" * 100, "A-b_c.9"],
    "priority": [-100, 100, 1.0],
    "max_retries": [0, 100],
    "timeout_seconds": [1, 86_400],
    "delay_seconds": [0, 315_360_000],
    "scheduled_at": ["9999-12-31T23:59:59Z", "1970-01-01T00:00:00Z", "2030-01-01T00:00:00.123456+05:30"],
    "expires_at": ["9999-12-31T23:59:59Z"],
    "idempotency_key": ["k", "😀" * 255],
    "tags": [{}, [], {"a" * 1000: "b" * 1000}],
    "completion_webhook": ["https://example.com/" + "x" * 2028],
}


@pytest.mark.parametrize("field", EXTREMES)
async def test_a_value_at_its_limit_is_kept(org: Tenant, field: str) -> None:
    """The largest and smallest values that a rule allows make a job that every route can show."""
    for value in EXTREMES[field]:
        body = {"queue_name": "emails", "payload": 1, field: value}
        made = await org.call("POST", "/jobs", 201, json=body)
        assert made == await org.job(made["id"]) | {"created": True}
    await org.get("/jobs")


async def test_an_empty_queue_is_400_and_an_absent_one_422(org: Tenant) -> None:
    """A rule that is broken is not a field that is missing; null counts as missing."""
    empty = await org.post("/jobs", {"queue_name": "", "payload": 1}, 400)
    absent = await org.post("/jobs", {"payload": 1}, 422)
    null = await org.post("/jobs", {"queue_name": None, "queue": None, "payload": 1}, 422)

    assert [field_of(empty), field_of(absent), field_of(null)] == ["queue_name"] * 3
    assert absent["details"][0]["code"] == null["details"][0]["code"] == "missing"


async def test_two_names_of_one_field_must_agree(org: Tenant) -> None:
    """Both dialects at once are fine while they say the same."""
    refused = await org.post("/jobs", {"queue": "a", "queue_name": "b", "payload": 1}, 400)
    await org.post("/jobs", {"queue": "a", "queue_name": "a", "payload": 1}, 201)
    await org.post("/jobs", {"queue": None, "queue_name": "a", "payload": 1}, 201)

    assert field_of(refused) == "queue_name"
    assert "queue and" in refused["message"] or "and queue" in refused["message"]


async def test_an_idempotency_key_has_one_rule_wherever_it_stands(org: Tenant) -> None:
    """The header is the same field as the one in the body: as long, and not another value."""
    body = {"queue": "emails", "payload": 1}
    for headers, extra in (
        ({"Idempotency-Key": "k" * 256}, {}),
        ({"Idempotency-Key": "k" * 9000}, {}),
        ({"Idempotency-Key": "one"}, {"idempotency_key": "other"}),
    ):
        refused = await org.call("POST", "/jobs", 400, json=body | extra, headers=headers)
        assert field_of(refused) == "idempotency_key"

    await org.call(
        "POST", "/jobs", 201, json=body | {"idempotency_key": "one"}, headers={"Idempotency-Key": "one"}
    )


async def test_every_null_equals_an_absent_field(org: Tenant) -> None:
    """Guide clients send null for what they leave open."""
    optional = ("priority", "max_retries", "timeout_seconds", "delay_seconds", "scheduled_at", "expires_at")
    nulls = dict.fromkeys((*optional, "idempotency_key", "tags", "parent_job_id", "completion_webhook"))

    job = await org.push(**nulls)

    assert (job["priority"], job["max_retries"], job["timeout_seconds"]) == (0, 3, 300)


async def test_unknown_fields_are_ignored(org: Tenant) -> None:
    """Clients send extras."""
    await org.push(colour="red", __proto__={"a": 1}, constructor=[])


async def test_one_bad_job_of_a_batch_makes_none(org: Tenant) -> None:
    """A bulk request names the job that is wrong, and no job of it is made."""
    jobs: list[dict[str, Any]] = [{"payload": n} for n in range(10)]
    jobs[7]["priority"] = 101

    refused = await org.post("/jobs/bulk", {"queue": "emails", "jobs": jobs}, 400)
    none = await org.post("/jobs/bulk", {"queue": "emails", "jobs": []}, 400)
    many = await org.post("/jobs/bulk", {"queue": "emails", "jobs": [{"payload": 1}] * 1001}, 400)

    assert [field_of(refused), field_of(none), field_of(many)] == ["jobs.7.priority", "jobs", "jobs"]
    assert await org.get("/jobs") == []


async def test_an_error_never_carries_the_whole_request_back(org: Tenant) -> None:
    """However large the bad value is, the answer stays small."""
    large = "x" * 100_000
    for body in (
        {"queue": large, "payload": 1},
        {"queue": "a", "payload": 1, "tags": {large: 2**70}},
        {"queue": "a", "jobs": [{large: 1}] * 50},
    ):
        for path in ("/jobs", "/jobs/bulk"):
            response = await org.raw("POST", path, json=body)
            assert (response.status_code in {400, 422}, len(response.content) < 10_000) == (True, True)
    keys = f"/organizations/{org.org_id}/api-keys"
    response = await org.raw("POST", keys, json={"name": "n", "permissions": [large]})
    assert (response.status_code, len(response.content) < 10_000) == (400, True)


async def test_a_taken_slug_is_409(org: Tenant, api: Api) -> None:
    """The second organization of a slug is refused, naming the field."""
    await api.post("/organizations", {"name": "A", "slug": f"s-{org.org_id[4:]}"}, 201)
    refused = await api.post("/organizations", {"name": "B", "slug": f"s-{org.org_id[4:]}"}, 409)

    assert (refused["code"], refused["message"][:5]) == ("CONFLICT", "slug:")


@pytest.mark.parametrize("slug", ["", "A", "a b", "ä", "a" * 101, "a_b", "a\n"])
async def test_a_slug_that_breaks_the_rule_is_400(api: Api, slug: str) -> None:
    """A slug is 1-100 small letters, digits and hyphens."""
    refused = await api.post("/organizations", {"name": "A", "slug": slug}, 400)

    assert field_of(refused) == "slug"


PAGES: dict[str, tuple[int, str]] = {
    "limit=0": (200, ""),
    "limit=1000000": (200, ""),
    "limit=99999999999999999999": (200, ""),
    "limit=-1": (400, "limit"),
    "limit=ten": (422, "limit"),
    "limit=1.5": (422, "limit"),
    "limit=": (422, "limit"),
    "limit=1e3": (422, "limit"),
    "offset=1000000": (200, ""),
    "offset=99999999999999999999": (400, "offset"),
    "offset=-1": (400, "offset"),
    "offset=x": (422, "offset"),
    "status=": (200, ""),
    "status=lost": (400, "status"),
    "queue=a&queue_name=b": (400, "queue_name"),
    "queue=%00": (400, "queue"),
    "%00=1": (400, "query"),
    "queue=%ff": (400, "query"),
    "queue=%ed%a0%80": (400, "query"),
    "queue=" + "a" * 101: (400, "queue_name"),
    "unknown=1": (200, ""),
    "&&&": (200, ""),
}


@pytest.mark.parametrize("query", PAGES, ids=lambda query: query[:40])
async def test_a_query_is_clamped_or_refused_by_name(org: Tenant, query: str) -> None:
    """A page above the maximum is cut, one beyond the end is empty, and garbage is named."""
    status, field = PAGES[query]
    answer = await org.call("GET", f"/jobs?{query}", status)

    assert field == ("" if status == 200 else field_of(answer))


async def test_a_page_is_cut_to_a_thousand(org: Tenant) -> None:
    """A larger limit gives what the largest gives, and says that there is more."""
    for _ in range(2):
        jobs = [{"payload": n} for n in range(600)]
        await org.post("/jobs/bulk", {"queue": "emails", "jobs": jobs})

    page = await org.raw("GET", "/jobs?limit=5000")
    beyond = await org.raw("GET", "/jobs?offset=5000")

    assert (len(page.json()), page.headers["X-Has-More"]) == (1000, "true")
    assert (beyond.json(), beyond.headers["X-Has-More"]) == ([], "false")


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("GET", "/api/v1/nothing", 404, None),
        ("GET", "/", 404, None),
        ("GET", "/api/v1/jobs/", 404, None),
        ("POST", "/api/v1/jobs/", 404, None),
        ("GET", "//api/v1/jobs", 404, None),
        ("PATCH", "/api/v1/jobs", 405, {"GET", "HEAD", "POST"}),
        ("DELETE", "/health", 405, {"GET", "HEAD"}),
        ("OPTIONS", "/health", 405, {"GET", "HEAD"}),
        ("BREW", "/health", 405, {"GET", "HEAD"}),
    ],
)
async def test_an_unknown_route_has_the_error_shape(
    api: Api, method: str, path: str, status: int, allow: set[str] | None
) -> None:
    """A path or method that is not there answers like any other error, with every method that is."""
    response = await api.client.request(method, path, headers={"X-Request-Id": "mine"})
    body = response.json()

    assert (response.status_code, response.headers["X-Request-Id"]) == (status, "mine")
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert body["error"] == body["message"]
    assert allow is None or allow == set(response.headers["Allow"].split(", "))


async def test_head_is_get_without_the_body(org: Tenant) -> None:
    """Monitors ask with HEAD."""
    get = await org.raw("GET", "/jobs")
    head = await org.raw("HEAD", "/jobs")
    missing = await org.raw("HEAD", "/nothing")

    assert (200, b"", get.headers["Content-Length"]) == (
        head.status_code,
        head.content,
        head.headers["Content-Length"],
    )
    assert (missing.status_code, missing.content) == (404, b"")


async def test_a_request_id_that_is_not_sane_is_replaced(api: Api) -> None:
    """Only short printable text is echoed: nobody writes into our headers or logs."""
    for given in ("x" * 129, "a\tb", "é".encode()):
        response = await api.client.get("/health", headers={"X-Request-Id": given})
        assert len(response.headers["X-Request-Id"]) == 32
