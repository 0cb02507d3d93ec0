"""Bad fields: a clear 4xx that names the field and the rule, and nothing half-written."""

import json
from typing import Any

import pytest

from tests.support.api import Api, Tenant, field_of

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
    "scheduled_at": [1, 1.5, "1700000000", "1.7e9", "-5", "tomorrow", "2030-13-01", True, [], ""],
    "expires_at": [1, "never", "2030-01-01T25:00:00"],
    "idempotency_key": [1, True, []],
    "tags": [1, "text", True],
    "parent_job_id": [1, True, {}],
    "completion_webhook": [1, []],
}


@pytest.mark.parametrize("field", MISTYPED)
async def test_a_field_of_the_wrong_type_is_422(org: Tenant, field: str) -> None:
    """Types are not guessed: text is no number, a number is no time."""
    for value in MISTYPED[field]:
        body = {"queue_name": "emails", "payload": 1, field: value}
        refused = await org.call("POST", "/jobs", 422, json=body)
        assert (value, field) == (value, field_of(refused).split(".")[0])

    assert await org.get("/jobs") == []


OUT_OF_RANGE: dict[str, list[Any]] = {
    "queue_name": ["", ".", "..", "a" * 101, "a b", "a/b", "ä", "a\n", "a;drop"],
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
    "queue_name": ["a" * 100, "A-b_c.9", "...", "..-", "a.."],
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


async def test_a_time_without_an_offset_is_in_utc(org: Tenant) -> None:
    """Clients send what their users give, a time without a zone too; all who read it agree which it is."""
    job = await org.post(
        "/jobs", {"queue": "emails", "payload": 1, "scheduled_at": "2099-01-01T12:00:00.5"}, 201
    )
    bulk = {"queue": "emails", "jobs": [{"payload": 1, "scheduled_at": "2099-01-01T12:00:00"}]}
    (made,) = (await org.post("/jobs/bulk", bulk, 200))["succeeded"]
    key = await org.post("/api-keys", {"name": "k", "expires_at": "2099-01-01 12:00:00"}, 201)

    assert job["scheduled_at"] == "2099-01-01T12:00:00.500000Z"
    assert (await org.job(made["job_id"]))["scheduled_at"] == key["expires_at"] == "2099-01-01T12:00:00Z"
    assert len(await org.get("/jobs", {"created_after": "2020-01-01", "created_before": "2099-01-01"})) == 2


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
