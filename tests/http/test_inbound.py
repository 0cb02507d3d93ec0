"""Inbound webhooks that anybody with the token may send, and their log."""

from dataclasses import replace

import httpx
import pytest

from functions.app import every_function
from shared.core import Core
from shared.edge.service import Service
from shared.inbound.organization import LARGEST_BYTES
from shared.settings import Settings
from tests.support.api import Api, Tenant
from tests.support.clock import MovingClock
from tests.support.inbound import custom, github, log, new_id, send, set_settings, token_of

ADMIN = {"X-Admin-Key": "admin-key-for-tests"}


async def admin_change(org: Tenant, **fields: object) -> None:
    await org.call("PATCH", f"/admin/organizations/{org.org_id}", 200, json=fields, headers=ADMIN)


async def test_a_webhook_becomes_a_job(org: Tenant) -> None:
    """The payload arrives as it was sent, and the log says what became of it, without the payload."""
    sent = await custom(org, await token_of(org), event_type="order.paid", priority=7, payload=[1, None])
    answer = sent.json()
    job = await org.dequeue("hooks")
    (entry,) = await log(org)

    assert (sent.status_code, answer["status"], answer["created"]) == (200, "created", True)
    assert (answer["queue_name"], answer["job_id"]) == ("hooks", job["id"])
    assert (job["payload"], job["priority"]) == ([1, None], 7)
    assert entry.pop("id").startswith("inb_")
    assert entry.pop("created_at")
    assert entry == {
        "provider": "custom",
        "event_type": "order.paid",
        "matched_queue": "hooks",
        "job_id": job["id"],
        "status": "created",
    }


async def test_only_the_token_opens(org: Tenant, other_org: Tenant) -> None:
    """No token, another's, a part of it or an API key is 401 without a trace; Authorization is ignored."""
    token = await token_of(org)
    for wrong in ("", await token_of(other_org), token[:-1], token + "0", org.key, "é" * 16, "x" * 4000):
        refused = await custom(org, wrong)
        assert (wrong, refused.status_code, refused.json()["code"]) == (wrong, 401, "UNAUTHORIZED")
    body = b'{"queue": "hooks", "payload": null}'
    alien = await send(org, "custom", body, X_Webhook_Token=token, Authorization="Bearer nonsense")
    keyed = await send(org, "custom", body, Authorization=f"Bearer {org.key}")

    assert (alien.status_code, keyed.status_code) == (200, 401)
    assert len(await log(org)) == 1
    assert await log(other_org) == []


@pytest.mark.parametrize("org_id", ["x", "org_0", "org_0000000000001", "job_0000000000001", "%00", "a" * 999])
@pytest.mark.parametrize("provider", ["custom", "github", "stripe"])
async def test_an_unknown_organization_is_404(org: Tenant, provider: str, org_id: str) -> None:
    """An id that names no organization is not there, whatever the body says."""
    nobody = replace(org, org_id=org_id)

    sent = await send(nobody, provider, b'{"queue_name": "q", "payload": 1, "type": "x"}', X_GitHub_Event="x")

    assert sent.status_code == 404


async def test_a_closed_organization_is_404(org: Tenant) -> None:
    """Nothing comes in for an organization that an administrator closed or that was deleted."""
    token = await token_of(org)
    await admin_change(org, is_active=False)
    closed = await custom(org, token)
    await admin_change(org, is_active=True)
    open_again = await custom(org, token)
    await org.delete(f"/organizations/{org.org_id}")
    deleted = await custom(org, token)

    assert [sent.status_code for sent in (closed, open_again, deleted)] == [404, 200, 404]


async def test_a_cleared_token_stops_all_webhooks(org: Tenant) -> None:
    """Without a token it is 401 until there is a new one, or for as long as the settings open the door."""
    old = await token_of(org)
    await org.post("/organizations/webhook-token/clear", {"confirm": True})
    stopped = [await custom(org, old), await custom(org, ""), await github(org, X_Webhook_Token=old)]
    await set_settings(org, allow_open_webhooks=True)
    opened = [await custom(org, ""), await custom(org, old)]
    new = (await org.post("/organizations/webhook-token/regenerate"))["token"]
    closed = [await custom(org, ""), await custom(org, old), await custom(org, new)]

    assert [sent.status_code for sent in stopped] == [401, 401, 401]
    assert [sent.status_code for sent in opened] == [200, 200]
    assert [sent.status_code for sent in closed] == [401, 401, 200]


async def test_a_token_of_ones_own_takes_the_place_of_the_made_one(org: Tenant) -> None:
    """A token in the settings opens alone; a short one is refused when it is set."""
    made, own = await token_of(org), "my-own-token-0123"
    await set_settings(org, webhook_token=own)
    by_own, by_made = await custom(org, own), await custom(org, made)
    await set_settings(org, 400, webhook_token="short")

    assert (by_own.status_code, by_made.status_code) == (200, 401)
    assert await token_of(org) == own


async def test_an_idempotency_key_makes_one_job(org: Tenant) -> None:
    """A repeat answers the first job and stands in the log as a duplicate."""
    token = await token_of(org)
    first = (await custom(org, token, idempotency_key="order-1")).json()
    again = (await custom(org, token, idempotency_key="order-1")).json()

    assert again == first | {"status": "duplicate", "created": False}
    assert [(entry["status"], entry["job_id"]) for entry in await log(org)] == [
        ("duplicate", first["job_id"]),
        ("created", first["job_id"]),
    ]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"not json", 400),
        (b"\xff\xfe", 400),
        (b'{"queue_name": "", "payload": 1}', 400),
        (b'{"queue_name": "q", "queue": "r", "payload": 1}', 400),
        (b'{"queue_name": "q", "payload": 1, "priority": 101}', 400),
        (b'{"queue_name": "q", "payload": 1, "event_type": ""}', 400),
        (b'{"queue_name": "q", "payload": "\\u0000"}', 400),
        (b'{"queue_name": "q"}', 422),
        (b'{"payload": 1}', 422),
        (b"[]", 422),
    ],
)
async def test_a_bad_body_is_4xx(org: Tenant, body: bytes, status: int) -> None:
    """A broken rule is 400, a missing or mistyped field 422, and neither leaves a job or a trace."""
    sent = await send(org, "custom", body, X_Webhook_Token=await token_of(org))

    assert sent.status_code == status
    assert await log(org) == []


async def test_five_megabytes_come_in_on_every_plan(org: Tenant) -> None:
    """The ceiling is that of inbound webhooks, unless the organization has a ceiling of its own."""
    token = await token_of(org)
    await admin_change(org, plan_tier="free")
    fits = await custom(org, token, payload="x" * (LARGEST_BYTES - 2))
    too_large = await custom(org, token, payload="x" * (LARGEST_BYTES - 1))
    await admin_change(org, custom_limits={"max_payload_size_bytes": 1000})
    own_ceiling = await custom(org, token, payload="x" * 999)

    assert [sent.status_code for sent in (fits, too_large, own_ceiling)] == [200, 413, 413]
    assert len(await log(org)) == 1


async def test_a_full_plan_refuses_and_logs_nothing(org: Tenant) -> None:
    """Above a limit of the plan it is the 429 of the plan, and the same delivery fits once there is room."""
    token, delivery = await token_of(org), new_id()
    await admin_change(org, custom_limits={"max_active_jobs": 1})
    await custom(org, token)
    refused = await github(org, X_Webhook_Token=token, X_GitHub_Delivery=delivery)
    await admin_change(org, custom_limits={})
    taken = await github(org, X_Webhook_Token=token, X_GitHub_Delivery=delivery)

    assert (refused.status_code, refused.json()["code"]) == (429, "QUOTA_EXCEEDED")
    assert taken.json()["created"] is True
    assert len(await log(org)) == 2


async def test_the_log_is_filtered_and_paged(org: Tenant, clock: MovingClock) -> None:
    """Newest first, by status, queue and time; a limit above the largest is cut and not refused."""
    token = await token_of(org)
    for queue in ("a", "b", "a"):
        await custom(org, token, queue_name=queue, idempotency_key=f"key-{queue}")
        clock.advance(minutes=1)
    everything = await log(org, limit=5000)
    since = everything[1]["created_at"]

    assert [entry["matched_queue"] for entry in everything] == ["a", "b", "a"]
    assert await log(org, status="duplicate") == everything[:1]
    assert await log(org, status="created") == everything[1:]
    assert await log(org, queue_name="b") == await log(org, queue="b") == everything[1:2]
    assert await log(org, since=since) == everything[:2]
    assert await log(org, limit=1, offset=2) == everything[2:]
    assert await log(org, limit=0) == []
    await org.get("/webhooks/deliveries", {"status": "failed"}, 400)
    await org.get("/webhooks/deliveries", {"since": "yesterday"}, 422)


async def test_a_key_held_to_queues_does_not_read_the_log(org: Tenant) -> None:
    """The log is the whole organization's."""
    narrow = await org.with_key(queues=["hooks"])

    await narrow.get("/webhooks/deliveries", status=403)


async def test_secrets_in_the_settings_are_for_administrators(org: Tenant) -> None:
    """A key that may not change the organization sees a mask, and a mask written back changes nothing."""
    secrets = {"webhook_token": "my-own-token-0123", "github_webhook_secret": "s1", "own_secret": "s2"}
    await set_settings(org, **secrets, theme="dark")
    reader = await org.with_key(permissions=["organization:read"])
    path = f"/organizations/{org.org_id}"
    masked = (await reader.get(path))["settings"]
    await set_settings(org, **masked | {"theme": "light"})

    assert masked == dict.fromkeys(secrets, "********") | {"theme": "dark"}
    assert (await org.get(path))["settings"] == secrets | {"theme": "light"}
    shown = await org.call("GET", f"/admin{path}", 200, headers=ADMIN)
    assert shown["settings"] == dict.fromkeys(secrets, "********") | {"theme": "light"}


@pytest.mark.parametrize(
    "unusable",
    [
        {"webhook_queue": "no queue"},
        {"webhook_queues": {"github": ""}},
        {"webhook_queues": ["github"]},
        {"allow_open_webhooks": "yes"},
        {"github_webhook_secret": 7},
    ],
)
async def test_settings_that_could_not_be_used_are_refused(org: Tenant, unusable: dict[str, object]) -> None:
    """What would fail at a delivery fails when it is set, and the message names the setting."""
    refused = await org.call("PUT", f"/organizations/{org.org_id}", json={"settings": unusable})

    assert refused["details"][0]["field"].startswith(f"settings.{next(iter(unusable))}")


async def test_in_production_a_webhook_in_the_clear_is_refused(org: Tenant, core: Core) -> None:
    """Where a proxy says that a request came by http it is 400; in development it is taken in."""
    token = await token_of(org)
    strict = Settings.model_validate(
        core.settings.model_dump() | {"spooled_env": "production", "secret_key": "a secret of production"}
    )

    async def opened() -> Core:
        return replace(core, settings=strict)

    body = b'{"queue_name": "hooks", "payload": 1}'
    headers = {"X-Webhook-Token": token, "X-Forwarded-Proto": "http"}
    path = f"/webhooks/{org.org_id}/custom"
    await Api(org.client).call("POST", path, 200, content=body, headers=headers)
    transport = httpx.ASGITransport(Service(every_function()[0], opened), raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url="http://spooled") as client:
        production = Api(client)
        await production.call("POST", path, 400, content=body, headers=headers)
        await production.call(
            "POST", path, 200, content=body, headers=headers | {"X-Forwarded-Proto": "https, http"}
        )
