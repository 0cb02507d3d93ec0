"""The audit log: who did what, from where, with what outcome."""

from typing import Any

import pytest

from functions.ticks.retention import run_once as retention
from shared.audit.log import QUERIES
from shared.core import Core
from shared.errors import UnavailableError
from shared.store import Query
from tests.support.acts import begin
from tests.support.api import Api, Tenant
from tests.support.clock import MovingClock
from tests.support.people import served
from tests.support.routes import ENDPOINTS, World

ADMIN = {"X-Admin-Key": "admin-key-for-tests"}


async def entries(org: Tenant, **params: Any) -> Any:
    return await org.get("/audit", params)


async def test_nobody_writes_in_anothers_log_without_a_credential(core: Core, org: Tenant) -> None:
    """Where no first key can be made, a request without a credential is refused and not written down."""
    api = served(core, open_first_key=False)
    async with api.client:
        for _ in range(3):
            await api.post(f"/organizations/{org.org_id}/api-keys", {"name": "Mine"}, 401)

    assert await entries(org) == []


async def test_an_act_is_written_down_with_who_and_how_it_ended(org: Tenant) -> None:
    """The entry has act, target, what was asked, the key with its name, address, request id and outcome."""
    await org.push()
    paused = await org.raw(
        "POST", "/queues/emails/pause", json={"reason": "deploy"}, headers={"X-Request-Id": "find-me"}
    )

    (entry,) = await entries(org)
    me = (await org.get("/api-keys"))[0]
    assert paused.status_code == 200
    assert entry == entry | {
        "act": "queues.pause",
        "target": "emails",
        "details": {"reason": "deploy"},
        "actor": {"type": "api_key", "id": me["id"], "name": me["name"]},
        "request_id": "find-me",
        "outcome": "done",
        "status_code": 200,
        "code": None,
    }
    assert entry["client_address"]


async def test_what_is_refused_is_written_down_too(org: Tenant) -> None:
    """A conflict is in the log with its code; what was never begun, for a broken body or right, is not."""
    await org.push()
    await org.delete("/queues/emails", 409)
    await org.call("PUT", "/queues/emails/config", 400, json={"max_retries": -1})
    reader = await org.with_key(permissions=["queues:read"])
    await reader.post("/queues/emails/resume", status=403)

    made, refused = (await entries(org))[0], (await entries(org))[1]

    assert (made["act"], refused["act"]) == ("organizations.create_api_key", "queues.delete")
    assert (refused["outcome"], refused["status_code"], refused["code"]) == ("refused", 409, "CONFLICT")
    assert len(await entries(org)) == 2


async def test_neither_keys_nor_secrets_are_in_it(org: Tenant) -> None:
    """A key that is made is named by its id, a webhook without its secret and address."""
    key = await org.post("/api-keys", {"name": "Deploy", "queues": ["emails"]}, 201)
    body = {
        "name": "Alerts",
        "url": "http://127.0.0.1:1/in?k=geheim",
        "events": ["job.created"],
        "secret": "s3cret",
    }
    await org.post("/outgoing-webhooks", body | {"secret": "s3cret"}, 201)
    await org.delete(f"/api-keys/{key['id']}")

    log = await org.raw("GET", "/audit")
    revoked, _, created = log.json()
    assert (created["act"], created["target"]) == ("api_keys.create", key["id"])
    assert created["details"] == {"name": "Deploy", "queues": ["emails"]}
    assert (revoked["act"], revoked["target"]) == ("api_keys.delete", key["id"])
    for secret in (key["key"], "s3cret", "geheim"):
        assert secret not in log.text


async def test_a_key_that_is_given_for_its_id_is_not_in_it(org: Tenant) -> None:
    """Who names a key by its secret finds how that begins, as in the list of keys, and no more of it."""
    key = await org.post("/api-keys", {"name": "Deploy"}, 201)
    await org.post(f"/api-keys/{key['key']}/rotate", status=404)
    await org.delete(f"/api-keys/{key['key']}", 404)

    found = [(entry["act"], entry["target"]) for entry in (await entries(org))[:2]]
    begins = key["key"][:12] + "…"
    assert found == [("api_keys.delete", begins), ("api_keys.rotate", begins)]


async def test_dead_letters_and_acts_are_in_it(org: Tenant) -> None:
    """A purge is there with its filter and its default limit, an act with its id, filter and arguments."""
    await org.bury()
    act = await begin(org, "set_priority", queue_name="emails", arguments={"priority": 4})
    await org.post("/jobs/dlq/purge", {"confirm": True, "queue_name": "emails"})
    await org.post(f"/jobs/acts/{act['id']}/abort")

    aborted, purged, begun = await entries(org)
    assert (aborted["act"], aborted["target"]) == ("jobs.acts_abort", act["id"])
    assert (purged["act"], purged["details"]) == (
        "jobs.dlq_purge",
        {"queue_name": "emails", "limit": 10_000},
    )
    assert (begun["act"], begun["target"], begun["status_code"]) == ("jobs.acts_create", act["id"], 202)
    assert begun["details"] == {
        "act": "set_priority",
        "filter": {"queue_name": "emails"},
        "arguments": {"priority": 4},
    }


async def test_what_an_administrator_did_is_in_the_organizations_log(org: Tenant, api: Api) -> None:
    """The actor is the administrator; an organization that is not there has no log."""
    path = f"/admin/organizations/{org.org_id}"
    await api.call("PATCH", path, 200, json={"plan_tier": "pro"}, headers=ADMIN)
    await api.call("PATCH", "/admin/organizations/org_0", 404, json={"plan_tier": "pro"}, headers=ADMIN)

    (entry,) = await entries(org)
    assert entry["actor"] == {"type": "admin", "id": None, "name": None}
    assert (entry["target"], entry["details"]) == (org.org_id, {"plan_tier": "pro"})


async def test_the_log_is_filtered_and_paged(org: Tenant, clock: MovingClock) -> None:
    """By act, by actor and by time; a page says whether more follow."""
    other = await org.with_key()
    key_id = (await org.get("/api-keys"))[0]["id"]
    clock.advance(minutes=1)
    since = clock().isoformat()
    await other.post("/queues", {"name": "a"}, 201)
    await other.post("/queues/a/pause")

    assert [entry["act"] for entry in await entries(org, act="queues.pause")] == ["queues.pause"]
    assert [entry["act"] for entry in await entries(org, actor=key_id)] == ["queues.pause", "queues.create"]
    assert await entries(org, actor="admin") == await entries(org, actor="nobody") == []
    assert len(await entries(org, since=since)) == 2
    assert [entry["act"] for entry in await entries(org, until=since)] == ["organizations.create_api_key"]
    page = await org.raw("GET", "/audit", params={"limit": 2})
    assert (len(page.json()), page.headers["x-has-more"]) == (2, "true")
    following = await org.raw("GET", "/audit", params={"limit": 2, "after": page.json()[-1]["id"]})
    assert [entry["act"] for entry in following.json()] == ["organizations.create_api_key"]
    assert following.headers["x-has-more"] == "false"


async def test_only_who_may_see_all_reads_it(org: Tenant, other_org: Tenant) -> None:
    """A key that is held to queues is refused, another organization sees nothing."""
    narrow = await org.with_key(queues=["emails"])

    await narrow.get("/audit", status=403)
    assert await entries(other_org) == []


async def test_what_cannot_be_written_down_is_not_done(
    org: Tenant, core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the log there is no act; an act whose outcome cannot be written is answered, and unknown."""
    await org.push()
    fetch = core.store.fetch

    async def failing_at(name: str) -> None:
        async def fetch_but(scope: Any, query: Query, **parameters: Any) -> Any:
            if query.name == name:
                raise UnavailableError
            return await fetch(scope, query, **parameters)

        monkeypatch.setattr(core.store, "fetch", fetch_but)

    assert {query.name for query in QUERIES} >= {"begin_entry", "end_entry"}
    await failing_at("begin_entry")
    await org.post("/queues/emails/pause", status=503)
    await failing_at("end_entry")
    await org.post("/queues/emails/pause")

    (entry,) = await entries(org)
    assert (entry["outcome"], entry["status_code"]) == ("unknown", None)
    assert (await org.get("/queues/emails"))["paused"] is True


async def test_the_log_and_ended_acts_are_kept_as_long_as_history(
    org: Tenant, core: Core, clock: MovingClock
) -> None:
    """The retention timer forgets both once they are older than the plan's history."""
    act = await begin(org, "retry")
    await org.post(f"/jobs/acts/{act['id']}/abort")
    waiting = await begin(org, "retry")
    await retention.run_once(core, clock(), 20.0)
    assert (len(await entries(org)), len(await org.get("/jobs/acts"))) == (3, 2)

    clock.advance(days=91)
    await retention.run_once(core, clock(), 20.0)

    assert await entries(org) == []
    assert [left["id"] for left in await org.get("/jobs/acts")] == [waiting["id"]]


def test_routes_of_workers_are_not_in_it() -> None:
    """What programs do all day has no entry: making, taking and settling jobs."""
    audited = {endpoint.operation_id for endpoint in ENDPOINTS if endpoint.audit is not None}
    busy = {"create", "bulk", "claim", "dequeue", "complete", "fail", "heartbeat", "release", "get", "list"}

    assert audited.isdisjoint({f"jobs_{verb}" for verb in busy})
    assert all(endpoint.method != "GET" for endpoint in ENDPOINTS if endpoint.audit is not None)


async def test_every_route_that_declares_it_is_written_down(org: Tenant, other_org: Tenant) -> None:
    """Each field that a route keeps is one of its body or query, and a call of the route leaves an entry."""
    world = await World.of(org)
    for endpoint in ENDPOINTS:
        if endpoint.audit is None:
            continue
        models = [model for model in (endpoint.body_model, endpoint.query_model) if model]
        assert set(endpoint.audit) <= {field for model in models for field in model.model_fields}
    assert world.ids["act"]
    acts = {entry["act"] for entry in await entries(org, limit=1000)}
    assert {"queues.create", "api_keys.create", "webhooks.create", "jobs.acts_create"} <= acts
    assert await entries(other_org) == []
