"""An API key gets a successor, and both are good until the overlap ends by itself."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.core import Core
from tests.support.api import Tenant
from tests.support.clock import MovingClock
from tests.support.limits import put_on, used

DAY = 86_400


async def rotate(org: Tenant, key_id: str, status: int = 201, **body: Any) -> Any:
    return await org.post(f"/api-keys/{key_id}/rotate", body, status)


async def made(org: Tenant, **fields: Any) -> Any:
    return await org.post("/api-keys", {"name": "Worker", **fields}, 201)


def by(org: Tenant, key: str) -> Tenant:
    return Tenant(org.client, key, org.org_id)


async def test_both_keys_are_good_until_the_overlap_ends(org: Tenant, clock: MovingClock) -> None:
    """The successor may do the same; the key before ends after a day with its tokens; the list shows both."""
    rights = {"permissions": ["jobs:read", "jobs:write"], "queues": ["emails"], "rate_limit": 600}
    old = await made(org, **rights)
    session = await org.post("/auth/login", {"api_key": old["key"]})
    new = await rotate(org, old["id"])
    listed = {one["id"]: one for one in await org.get("/api-keys")}
    for key in (old["key"], new["key"], session["access_token"]):
        await by(org, key).push("emails")
        await by(org, key).push("other", status=403)
        await by(org, key).get("/outgoing-webhooks", status=403)
    clock.advance(seconds=DAY)
    await by(org, old["key"]).get("/jobs", status=401)
    await by(org, new["key"]).get("/jobs")
    await org.post("/auth/refresh", {"refresh_token": session["refresh_token"]}, 401)

    assert {name: new[name] for name in rights} == rights
    assert (new["name"], new["expires_at"]) == ("Worker", None)
    assert new["key"] != old["key"]
    assert (listed[old["id"]]["rotated_to"], listed[new["id"]]["rotated_from"]) == (new["id"], old["id"])
    assert (listed[old["id"]]["expires_at"], listed[new["id"]]["expires_at"]) == (
        new["previous_key_expires_at"],
        None,
    )


async def test_a_process_that_trusts_the_old_key_learns_of_its_end(
    org: Tenant, core: Core, clock: MovingClock
) -> None:
    """A look-up from before the rotation does not carry the key past its end, nor one at once."""
    first, second = await made(org), await made(org)
    for key in (first, second):
        await by(org, key["key"]).get("/jobs")
    await rotate(org, first["id"], overlap_seconds=1)
    await rotate(org, second["id"], overlap_seconds=0)
    await by(org, second["key"]).get("/jobs", status=401)
    await by(org, first["key"]).get("/jobs")
    clock.advance(seconds=1)
    await by(org, first["key"]).get("/jobs", status=401)

    assert core.settings.key_cache_seconds > 1
    shown = await org.get(f"/api-keys/{second['id']}")
    assert shown["is_active"] is False


async def test_a_second_click_makes_no_second_successor(org: Tenant) -> None:
    """Of several at once one is done, the others name the successor; a lost one is revoked and made again."""
    old = await made(org)
    answers = await asyncio.gather(
        *[org.raw("POST", f"/api-keys/{old['id']}/rotate", json={}) for _ in range(4)]
    )
    done = [answer.json() for answer in answers if answer.status_code == 201]
    refused = [answer.json() for answer in answers if answer.status_code == 409]
    await org.delete(f"/api-keys/{done[0]['id']}")
    again = await rotate(org, old["id"])
    await by(org, again["key"]).get("/jobs")

    assert (len(done), len(refused)) == (1, 3)
    assert {one["details"]["rotated_to"] for one in refused} == {done[0]["id"]}
    assert again["expires_at"] is None
    assert [one["name"] for one in await org.get("/api-keys")] == ["Worker"] * 3 + ["First key"]


async def test_two_are_good_at_most(org: Tenant, clock: MovingClock) -> None:
    """A successor waits for the end of its predecessor before it gets one itself, or ends both at once."""
    first = await made(org)
    second = await rotate(org, first["id"], overlap_seconds=60)
    refused = await rotate(org, second["id"], 409)
    third = await rotate(org, second["id"], overlap_seconds=0)
    for key, status in ((first, 401), (second, 401), (third, 200)):
        await by(org, key["key"]).get("/jobs", status=status)
    fourth = await rotate(org, third["id"], overlap_seconds=60)
    clock.advance(seconds=60)
    await rotate(org, fourth["id"], overlap_seconds=60)
    await rotate(org, third["id"], 409)

    assert "overlap_seconds: 0" in refused["message"]


async def test_a_key_that_ends_has_a_successor_that_lasts_as_long(org: Tenant, clock: MovingClock) -> None:
    """A key for an hour is rotated into another one for an hour, and never lasts longer by it itself."""
    old = await made(org, expires_at=f"{clock() + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}")
    clock.advance(seconds=3000)
    new = await rotate(org, old["id"])
    await org.delete(f"/api-keys/{new['id']}")
    again = await rotate(org, old["id"], overlap_seconds=60)

    assert new["previous_key_expires_at"] == old["expires_at"]
    assert again["expires_at"] >= new["expires_at"] > old["expires_at"]
    lasting = datetime.fromisoformat(again["expires_at"]) - datetime.fromisoformat(again["created_at"])
    assert lasting <= timedelta(hours=1)
    clock.advance(seconds=60)
    await by(org, old["key"]).get("/jobs", status=401)
    await by(org, again["key"]).get("/jobs")


async def test_nobody_gets_more_than_they_have(org: Tenant, other_org: Tenant) -> None:
    """A key rotates itself and what may do less; none of more rights or queues, nor without the right."""
    wide = await made(org)
    narrow = await org.with_key(permissions=["api-keys:write", "api-keys:read", "jobs:read"])
    held = await org.with_key(queues=["emails"])
    worker = await org.with_key(permissions=["jobs:write"])
    await rotate(narrow, wide["id"], 400)
    await rotate(held, wide["id"], 404)
    await rotate(worker, wide["id"], 403)
    await rotate(other_org, wide["id"], 404)
    for tenant in (narrow, held):
        own = (await tenant.get("/auth/me"))["api_key_id"]
        successor = await rotate(tenant, own)
        await by(org, successor["key"]).get("/api-keys")
        assert successor["rotated_from"] == own

    assert (await org.get(f"/api-keys/{wide['id']}"))["rotated_to"] is None


@pytest.mark.parametrize("body", [{"overlap_seconds": -1}, {"overlap_seconds": 30 * DAY + 1}])
async def test_an_overlap_has_its_bounds(org: Tenant, body: dict[str, int]) -> None:
    """From nothing to thirty days; what is not good any more has no successor."""
    old = await made(org)
    await rotate(org, old["id"], 400, **body)
    await org.put(f"/api-keys/{old['id']}", {"is_active": False})
    await rotate(org, old["id"], 409)
    await org.delete(f"/api-keys/{old['id']}")
    await rotate(org, old["id"], 409)
    await rotate(org, "key_01k8x5q2m4c00", 404)


async def test_a_full_plan_refuses_no_rotation(org: Tenant, core: Core) -> None:
    """The two count as one, before and after; another key is refused as ever."""
    old = await made(org)
    await put_on(core, org, "pro", max_api_keys=2)
    new = await rotate(org, old["id"], overlap_seconds=60)
    await org.post("/api-keys", {"name": "One more"}, 429)

    assert await used(org, "api_keys") == 2
    await by(org, new["key"]).get("/jobs")


async def test_rotation_makes_no_room_in_the_plan(org: Tenant, core: Core, clock: MovingClock) -> None:
    """A key whose successor was revoked takes its place again, until it ends."""
    old = await made(org)
    await put_on(core, org, "pro", max_api_keys=2)
    for _ in range(2):
        new = await rotate(org, old["id"], overlap_seconds=60)
        await org.delete(f"/api-keys/{new['id']}")
        await org.post("/api-keys", {"name": "One more"}, 429)
        assert await used(org, "api_keys") == 2
    await rotate(org, old["id"], overlap_seconds=60)
    assert await used(org, "api_keys") == 2
    clock.advance(seconds=60)
    assert await used(org, "api_keys") == 2


async def test_a_rotation_is_in_the_audit_log(org: Tenant) -> None:
    """Who rotated which key, for how long, also by default, done or refused; not the new key."""
    old = await made(org)
    new = await rotate(org, old["id"])
    await rotate(org, old["id"], 409, overlap_seconds=60)
    await rotate(org, "key_0", 404)
    missing, refused, done = (await org.get("/audit"))[:3]

    assert [entry["act"] for entry in (missing, refused, done)] == ["api_keys.rotate"] * 3
    assert (done["outcome"], done["target"]) == ("done", old["id"])
    assert done["details"] == {"overlap_seconds": DAY}
    assert (refused["outcome"], refused["target"]) == ("refused", old["id"])
    assert (refused["code"], refused["details"]) == ("CONFLICT", {"overlap_seconds": 60})
    assert (missing["target"], missing["code"]) == ("key_0", "NOT_FOUND")
    assert new["key"] not in str(await org.get("/audit"))
