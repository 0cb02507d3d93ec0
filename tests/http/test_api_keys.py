"""API keys over HTTP: made, shown, changed, revoked."""

from dataclasses import replace

import httpx
import pytest

from functions.app import every_function
from shared.core import Core
from shared.edge.opening import open_core, open_redis
from shared.edge.service import Service
from shared.settings import Settings
from tests.support.api import Api, Tenant
from tests.support.clock import MovingClock
from tests.support.until import until


async def make(org: Tenant, **fields: object) -> dict:
    return await org.post("/api-keys", {"name": "Worker", **fields}, 201)


def using(org: Tenant, made: dict) -> Tenant:
    return Tenant(org.client, made["key"], org.org_id)


async def test_a_new_key_works_and_its_secret_is_shown_once(org: Tenant) -> None:
    """The key is in the answer that makes it and in no other; it authenticates at once."""
    made = await make(org, queues=["emails"], rate_limit=600)
    shown = await org.get(f"/api-keys/{made['id']}")
    listed = await org.get("/api-keys")
    await using(org, made).push()
    used = await org.get(f"/api-keys/{made['id']}")

    assert made["id"].startswith("key_")
    assert made["key"].startswith("sk_")
    assert {name: made[name] for name in shown} == shown
    assert "key" not in shown
    assert (shown["queues"], shown["rate_limit"], shown["is_active"]) == (["emails"], 600, True)
    assert [shown["id"], "First key"] == [listed[0]["id"], listed[1]["name"]]
    assert (shown["last_used"], used["last_used"] is not None) == (None, True)


async def test_a_revoked_key_stops_at_once_and_for_good(org: Tenant) -> None:
    """After DELETE the key is 401 though it was trusted a moment ago, still shown, and cannot be revived."""
    made = await make(org)
    await using(org, made).get("/jobs")
    await org.delete(f"/api-keys/{made['id']}")

    await using(org, made).get("/jobs", status=401)
    assert (await org.get(f"/api-keys/{made['id']}"))["is_active"] is False
    await org.put(f"/api-keys/{made['id']}", {"is_active": True}, 409)
    await org.delete(f"/api-keys/{made['id']}")


async def test_a_key_can_be_switched_off_and_on(org: Tenant) -> None:
    """`is_active` holds from the next request on, both ways."""
    made = await make(org)
    await using(org, made).get("/jobs")
    off = await org.put(f"/api-keys/{made['id']}", {"is_active": False})
    await using(org, made).get("/jobs", status=401)
    on = await org.put(f"/api-keys/{made['id']}", {"is_active": True, "name": "Again"})
    await using(org, made).get("/jobs")

    assert (off["is_active"], on["is_active"], on["name"]) == (False, True, "Again")


async def test_a_change_of_queues_holds_from_the_next_request_on(org: Tenant) -> None:
    """A key that is moved to another queue loses the first one and keeps its name."""
    made = await make(org, queues=["emails"])
    await using(org, made).push("emails")
    changed = await org.put(f"/api-keys/{made['id']}", {"queues": ["reports"], "rate_limit": 50})

    await using(org, made).push("emails", status=403)
    await using(org, made).push("reports")
    assert (changed["name"], changed["queues"], changed["rate_limit"]) == ("Worker", ["reports"], 50)


async def test_another_process_forgets_a_revoked_key(
    org: Tenant, settings: Settings, clock: MovingClock
) -> None:
    """What one process revokes, another one that trusted it refuses as soon as it hears of it."""
    other = replace(await open_core(settings), clock=clock)
    made = await make(org)

    async def opened() -> Core:
        return other

    transport = httpx.ASGITransport(Service(every_function()[0], opened))
    async with httpx.AsyncClient(transport=transport, base_url="http://spooled") as client:
        elsewhere = Api(client, made["key"])
        redis = open_redis(settings)
        await elsewhere.get("/jobs")

        async def both_listen() -> bool:
            counted = await redis.pubsub_numsub("spooled:keys")
            return int(counted[0][1]) >= 2

        async def other_has_heard() -> bool:
            return other.key_cache.changes > changes

        await until(both_listen)
        changes = other.key_cache.changes
        await org.delete(f"/api-keys/{made['id']}")
        await until(other_has_heard)

        await elsewhere.get("/jobs", status=401)
    await redis.aclose()
    await other.close()


async def test_a_look_up_from_before_a_change_is_not_kept(core: Core, org: Tenant) -> None:
    """A key that was read just before it was revoked is not trusted after that."""
    made = await make(org)
    changes = core.key_cache.changes
    await org.delete(f"/api-keys/{made['id']}")
    core.key_cache.put(b"hash", None, core.clock(), changes)

    assert core.key_cache.get(b"hash", core.clock()) is None


async def test_an_expired_key_is_refused(org: Tenant, clock: MovingClock) -> None:
    """A key ends at its `expires_at`, also while it is trusted."""
    ends = clock().replace(microsecond=0)
    made = await make(org, expires_at=ends.replace(year=ends.year + 1).isoformat())
    await using(org, made).get("/jobs")
    clock.advance(days=367)

    await using(org, made).get("/jobs", status=401)


async def test_another_organizations_key_is_not_there(org: Tenant, other_org: Tenant) -> None:
    """Every verb on another organization's key answers 404 and the key goes on."""
    made = await make(org)

    assert made["id"] not in [key["id"] for key in await other_org.get("/api-keys")]
    await other_org.get(f"/api-keys/{made['id']}", status=404)
    await other_org.put(f"/api-keys/{made['id']}", {"is_active": False}, 404)
    await other_org.delete(f"/api-keys/{made['id']}", 404)
    await using(org, made).get("/jobs")


async def test_rights_cannot_grow(org: Tenant) -> None:
    """A key makes no key with more permissions or queues than its own, and widens none."""
    narrow = await org.with_key(permissions=["api-keys:write"])
    held = await org.with_key(queues=["emails"])
    other = await make(org, queues=["emails"])

    await narrow.post("/api-keys", {"name": "x"}, 400)
    await narrow.post("/api-keys", {"name": "x", "permissions": ["jobs:read"]}, 400)
    await narrow.post("/api-keys", {"name": "x", "permissions": ["api-keys:write"]}, 201)
    await narrow.get("/api-keys", status=403)
    for queues in ([], ["*"], ["emails", "reports"]):
        await held.post("/api-keys", {"name": "x", "queues": queues}, 400)
        await held.put(f"/api-keys/{other['id']}", {"queues": queues}, 400)
    await held.post("/api-keys", {"name": "x", "queues": ["emails"]}, 201)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"name": ""}, 400),
        ({"name": "x" * 101}, 400),
        ({"name": "x", "rate_limit": 0}, 400),
        ({"name": "x", "rate_limit": 10_001}, 400),
        ({"name": "x", "rate_limit": "10"}, 422),
        ({"name": "x", "queues": "emails"}, 422),
        ({"name": "x", "queues": [""]}, 400),
        ({"name": "x", "permissions": ["jobs:fly"]}, 400),
        ({"name": "x", "expires_at": "soon"}, 422),
    ],
)
async def test_a_broken_rule_makes_no_key(org: Tenant, body: object, status: int) -> None:
    """What is out of bounds is refused before anything is stored."""
    await org.post("/api-keys", body, status)

    assert len(await org.get("/api-keys")) == 1
