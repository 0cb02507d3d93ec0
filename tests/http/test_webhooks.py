"""Outgoing webhooks over HTTP: made, read, changed, tried, looked at and deleted."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared import ids
from shared.core import Core
from shared.store import SYSTEM, Query
from shared.webhooks.sealing import unseal
from tests.support.api import Tenant
from tests.support.targets import Target, answering, listening, put_in_outbox

BODY = {"name": "alerts", "url": "https://hooks.example.com/in", "events": ["job.completed"]}


@pytest.fixture
async def target() -> AsyncIterator[Target]:
    async with listening() as target:
        yield target


async def stored_secret(core: Core, webhook_id: str) -> str | None:
    query = Query("secret", "SELECT sealed_secret FROM webhook WHERE id = %(id)s", hot=False)
    row = await core.store.fetch_one(SYSTEM, query, id=ids.decode("wh", webhook_id))
    assert row is not None
    return None if row["sealed_secret"] is None else unseal(core.settings, bytes(row["sealed_secret"]))


async def test_a_webhook_is_made_and_read(org: Tenant) -> None:
    """What was asked for comes back with its defaults, in the list at once, and never with the secret."""
    made = await org.post("/outgoing-webhooks", BODY | {"secret": "s3cret"}, 201)

    assert made["id"].startswith("wh_")
    assert {**made, **BODY} == made
    assert (made["format"], made["enabled"], made["failure_count"]) == ("json", True, 0)
    assert (made["last_triggered_at"], made["last_status"]) == (None, None)
    assert made["organization_id"] == org.org_id
    assert "secret" not in str(made)
    assert made == await org.get(f"/outgoing-webhooks/{made['id']}")
    assert [made] == await org.get("/outgoing-webhooks")


async def test_events_are_kept_under_their_own_names(org: Tenant) -> None:
    """Spellings of the guides are understood, and each event stands once."""
    events = ["job.processing", "job.started", "job.dead_letter", "worker.offline", "job.created"]

    made = await org.post("/outgoing-webhooks", BODY | {"events": events}, 201)

    assert made["events"] == ["job.started", "job.deadlettered", "worker.deregistered", "job.created"]


@pytest.mark.parametrize(
    ("fields", "status", "field"),
    [
        ({"events": ["job.eaten"]}, 400, "events"),
        ({"events": []}, 400, "events"),
        ({"events": None}, 422, "events"),
        ({"events": "job.created"}, 422, "events"),
        ({"name": ""}, 400, "name"),
        ({"name": "x" * 256}, 400, "name"),
        ({"url": "https://hooks.example.com/" + "x" * 2048}, 400, "url"),
        ({"url": "https://10.0.0.1/in"}, 400, "url"),
        ({"url": "https://printer.local/in"}, 400, "url"),
        ({"url": None}, 422, "url"),
        ({"secret": "x" * 256}, 400, "secret"),
        ({"format": "pager"}, 400, "format"),
        ({"enabled": "yes"}, 422, "enabled"),
    ],
)
async def test_a_bad_field_is_named(org: Tenant, fields: dict[str, Any], status: int, field: str) -> None:
    """A broken rule is 400, a missing or mistyped field 422, on create and on update alike."""
    refused = await org.post("/outgoing-webhooks", BODY | fields, status)
    assert refused["details"][0]["field"].partition(".")[0] == field

    if None not in fields.values():
        made = await org.post("/outgoing-webhooks", BODY, 201)
        await org.put(f"/outgoing-webhooks/{made['id']}", fields, status)
        assert await org.get(f"/outgoing-webhooks/{made['id']}") == made


@pytest.mark.parametrize("url", ["", "https://hooks.example.com/" + "x" * 2048, "hooks", "https://10.0.0.1/"])
async def test_whatever_is_wrong_with_a_url_has_the_same_words(org: Tenant, url: str) -> None:
    """Clients look for these words, whichever rule a URL breaks, in a webhook and in a job alike."""
    made = await org.post("/outgoing-webhooks", BODY, 201)
    refusals = [
        await org.post("/outgoing-webhooks", BODY | {"url": url}, 400),
        await org.put(f"/outgoing-webhooks/{made['id']}", {"url": url}, 400),
        await org.post("/jobs", {"queue": "emails", "payload": 1, "completion_webhook": url}, 400),
    ]

    assert all("Invalid webhook URL" in refused["message"] for refused in refusals)


async def test_the_secret_has_three_states(org: Tenant, core: Core) -> None:
    """Left out it stays, a string replaces it, null ends it; it is stored encrypted."""
    made = await org.post("/outgoing-webhooks", BODY | {"secret": "first"}, 201)
    path = f"/outgoing-webhooks/{made['id']}"

    assert await stored_secret(core, made["id"]) == "first"
    await org.put(path, {"name": "renamed", "url": None})
    assert await stored_secret(core, made["id"]) == "first"
    await org.put(path, {"secret": "second"})
    assert await stored_secret(core, made["id"]) == "second"
    changed = await org.put(path, {"secret": None})
    assert await stored_secret(core, made["id"]) is None
    assert (changed["name"], changed["url"]) == ("renamed", BODY["url"])


async def test_a_change_touches_what_it_names(org: Tenant) -> None:
    """Every field can be changed alone."""
    made = await org.post("/outgoing-webhooks", BODY, 201)
    path = f"/outgoing-webhooks/{made['id']}"
    changes = {
        "name": "b",
        "url": "https://other.example.com",
        "events": ["job.failed"],
        "format": "slack",
        "enabled": False,
    }

    for name, value in changes.items():
        changed = await org.put(path, {name: value})
        assert changed == made | {name: value, "updated_at": changed["updated_at"]}
        made = changed


async def test_the_plan_limits_webhooks_that_are_switched_on(org: Tenant, core: Core) -> None:
    """One more than allowed is a 429, on create and on switching on; one that is off is free."""
    query = Query(
        "limit",
        "UPDATE organization SET custom_limits = '{\"max_webhooks\": 1}' WHERE org_id = %(org_id)s",
        hot=False,
    )
    await core.store.fetch(SYSTEM, query, org_id=ids.decode("org", org.org_id))
    core.key_cache.forget(ids.decode("org", org.org_id))
    made = await org.post("/outgoing-webhooks", BODY, 201)

    refused = await org.post("/outgoing-webhooks", BODY, 429)
    idle = await org.post("/outgoing-webhooks", BODY | {"enabled": False}, 201)
    await org.put(f"/outgoing-webhooks/{idle['id']}", {"enabled": True}, 429)
    await org.put(f"/outgoing-webhooks/{made['id']}", {"enabled": True})

    assert (refused["code"], refused["resource"]) == ("QUOTA_EXCEEDED", "webhooks")


async def test_a_key_of_some_queues_is_kept_out(org: Tenant) -> None:
    """Webhooks hear of all queues, so a key that is held to some has no say, and no look."""
    made = await org.post("/outgoing-webhooks", BODY, 201)
    narrow = await org.with_key(queues=["emails"])
    path = f"/outgoing-webhooks/{made['id']}"

    await narrow.get("/outgoing-webhooks", status=403)
    await narrow.post("/outgoing-webhooks", BODY, 403)
    for method, rest in [
        ("GET", ""),
        ("PUT", ""),
        ("DELETE", ""),
        ("POST", "/test"),
        ("GET", "/deliveries"),
        ("POST", "/retry/dlv_0000000000001"),
    ]:
        await narrow.call(method, path + rest, 403, json={} if method != "GET" else None)


async def test_a_test_is_sent_at_once_and_signed(org: Tenant, target: Target) -> None:
    """The receiver can check the signature over the timestamp and the raw body."""
    made = await org.post("/outgoing-webhooks", BODY | {"url": target.url, "secret": "s3cret"}, 201)

    told = await org.post(f"/outgoing-webhooks/{made['id']}/test")

    (request,) = target.requests
    signed = f"{request.headers['x-spooled-timestamp']}.".encode() + request.body
    digest = hmac.new(b"s3cret", signed, hashlib.sha256).hexdigest()
    assert (told["success"], told["status_code"], told["error"]) == (True, 200, None)
    assert told["response_time_ms"] >= 0
    assert request.line == "POST /in HTTP/1.1"
    assert request.headers["host"] == f"localhost:{target.port}"
    assert request.headers["x-spooled-event"] == "webhook.test"
    assert request.headers["x-spooled-delivery-id"].startswith("dlv_")
    assert request.headers["x-spooled-signature"] == f"sha256={digest}"
    assert request.headers["content-type"] == "application/json"
    assert (request.json["event"], request.json["type"]) == ("webhook.test", "webhook.test")
    assert request.json["data"]["webhook_id"] == made["id"]


@pytest.mark.parametrize(
    ("format_", "field"), [("slack", "text"), ("discord", "content"), ("teams", "attachments")]
)
async def test_a_test_speaks_the_format_of_its_target(
    org: Tenant, target: Target, format_: str, field: str
) -> None:
    """Chat services get the message that they show; without a secret there is no signature."""
    made = await org.post("/outgoing-webhooks", BODY | {"url": target.url, "format": format_}, 201)

    told = await org.post(f"/outgoing-webhooks/{made['id']}/test")

    (request,) = target.requests
    assert told["success"] is True
    assert "webhook.test" in str(request.json[field])
    assert "x-spooled-signature" not in request.headers


async def test_a_test_of_an_unreachable_target_says_so(org: Tenant, target: Target) -> None:
    """No connection and a refusal are answers of 200 with the reason; the webhook stays as it was."""
    refusing = await org.post("/outgoing-webhooks", BODY | {"url": "http://localhost:1/"}, 201)
    told = await org.post(f"/outgoing-webhooks/{refusing['id']}/test")
    assert (told["success"], told["status_code"]) == (False, None)
    assert "refused" in told["error"]

    target.answer = answering(302, headers="Location: http://169.254.169.254/\r\n")
    moved = await org.post("/outgoing-webhooks", BODY | {"url": target.url}, 201)
    told = await org.post(f"/outgoing-webhooks/{moved['id']}/test")
    assert (told["success"], told["status_code"]) == (False, 302)
    assert "redirects are not followed" in told["error"]
    assert len(target.requests) == 1
    assert await org.get(f"/outgoing-webhooks/{moved['id']}") == moved


async def test_deliveries_are_listed_newest_first(org: Tenant, core: Core) -> None:
    """At most the newest hundred can be read, by status and by page."""
    made = await org.post("/outgoing-webhooks", BODY, 201)
    path = f"/outgoing-webhooks/{made['id']}/deliveries"
    assert await org.get(path) == []
    first = await put_in_outbox(core, org.org_id, made["id"], state="failed", next_attempt_at=None)
    sent = [await put_in_outbox(core, org.org_id, made["id"]) for _ in range(100)]

    listed = await org.get(path, {"limit": 500})

    assert [item["id"] for item in listed] == sent[::-1]
    assert first not in [item["id"] for item in listed]
    assert await org.get(path, {"status": "failed"}) == []
    assert [item["id"] for item in await org.get(path, {"limit": 2, "offset": 3})] == [sent[-4], sent[-5]]
    assert len(await org.get(path)) == 50
    await org.get(path, {"status": "lost"}, status=400)
    (item,) = await org.get(path, {"limit": 1})
    assert (item["status"], item["attempts"], item["event"]) == ("pending", 0, "job.completed")
    assert item["payload"]["data"]["job_id"] == "job_1"
    assert item["webhook_id"] == made["id"]


async def test_bodies_are_left_out_of_a_list_and_had_one_by_one(org: Tenant, core: Core) -> None:
    """`bodies=false` lists deliveries without them; each is had whole by its id, by its webhook alone."""
    made, other = [await org.post("/outgoing-webhooks", BODY, 201) for _ in range(2)]
    path = f"/outgoing-webhooks/{made['id']}/deliveries"
    delivery_id = await put_in_outbox(core, org.org_id, made["id"])

    (light,) = await org.get(path, {"bodies": "false"})
    (whole,) = await org.get(path)

    assert light == whole | {"payload": None, "response_body": None}
    assert whole["payload"]["event"] == whole["event"]
    assert whole["next_attempt_at"] is not None
    assert await org.get(f"{path}/{delivery_id}") == whole
    await org.get(f"/outgoing-webhooks/{other['id']}/deliveries/{delivery_id}", status=404)
    await org.get(f"{path}/dlv_0000000000000", status=404)


async def test_a_delivery_is_queued_again_once(org: Tenant, core: Core) -> None:
    """A failed one is pending again with all its attempts; one that is pending is not doubled."""
    made = await org.post("/outgoing-webhooks", BODY, 201)
    path = f"/outgoing-webhooks/{made['id']}"
    delivery_id = await put_in_outbox(
        core, org.org_id, made["id"], state="failed", next_attempt_at=None, attempts=5
    )

    for retry in (f"{path}/retry/{delivery_id}", f"{path}/deliveries/{delivery_id}/retry"):
        told = await org.post(retry)
        assert (told["success"], "queued" in told["message"]) == (True, True)
        (item,) = await org.get(f"{path}/deliveries")
        assert (item["status"], item["attempts"]) == ("pending", 0)

    other = await org.post("/outgoing-webhooks", BODY, 201)
    await org.post(f"/outgoing-webhooks/{other['id']}/retry/{delivery_id}", status=404)
    await org.post(f"{path}/retry/dlv_0000000000000", status=404)
    await org.put(path, {"enabled": False})
    told = await org.post(f"{path}/retry/{delivery_id}")
    assert (told["success"], "disabled" in told["message"]) == (False, True)


async def test_a_deleted_webhook_is_gone_with_its_deliveries(org: Tenant, core: Core) -> None:
    """Nothing of it can be read any more, and a second delete finds nothing."""
    made = await org.post("/outgoing-webhooks", BODY, 201)
    await put_in_outbox(core, org.org_id, made["id"])

    await org.delete(f"/outgoing-webhooks/{made['id']}")

    await org.delete(f"/outgoing-webhooks/{made['id']}", 404)
    await org.get(f"/outgoing-webhooks/{made['id']}/deliveries", status=404)
    assert await org.get("/outgoing-webhooks") == []


async def test_tests_at_once_do_not_wait_for_each_other(org: Tenant, target: Target) -> None:
    """Ten tests of one target run side by side."""
    made = await org.post("/outgoing-webhooks", BODY | {"url": target.url}, 201)
    everybody = asyncio.Event()

    async def answer(writer: asyncio.StreamWriter) -> None:
        if target.open_now == 10:
            everybody.set()
        await everybody.wait()
        writer.write(answering(204))

    target.answer = answer
    told = await asyncio.gather(*(org.post(f"/outgoing-webhooks/{made['id']}/test") for _ in range(10)))

    assert [item["status_code"] for item in told] == [204] * 10
