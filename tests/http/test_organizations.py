"""Organizations over HTTP: read, changed, deleted, and their slugs."""

import asyncio

import psycopg
import pytest
from psycopg import sql

from functions.ticks.retention import run_once
from shared import ids
from shared.core import Core
from shared.settings import Settings
from shared.tenants.slugs import slug_of
from tests.support.api import Api, Tenant
from tests.support.clock import MovingClock
from tests.support.outbox import subscribe


async def test_an_organization_reads_itself(org: Tenant) -> None:
    """GET gives the organization as it was made; the list holds it alone."""
    whole = await org.get(f"/organizations/{org.org_id}")
    (item,) = await org.get("/organizations")

    assert (whole["id"], whole["settings"]) == (org.org_id, {})
    assert {name: whole[name] for name in ("id", "name", "slug", "plan_tier", "created_at")} == item


async def test_a_change_keeps_what_it_does_not_name(org: Tenant) -> None:
    """PUT changes fields one by one; settings are merged and a null in them removes a key."""
    path = f"/organizations/{org.org_id}"
    await org.put(path, {"billing_email": "a@example.com", "settings": {"a": 1, "b": 2}})
    changed = await org.put(
        path, {"name": "New", "description": "d", "billing_email": None, "settings": {"a": None, "c": 3}}
    )

    assert (changed["name"], changed["description"]) == ("New", "d")
    assert changed["billing_email"] == "a@example.com"
    assert changed["settings"] == {"b": 2, "c": 3}
    assert changed == await org.get(path)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": ""}, 400),
        ({"name": 5}, 422),
        ({"settings": []}, 422),
        ({"settings": {"a": "x" * 20_000}}, 400),
        ({"settings": {"a": 10**400}}, 400),
        ({"logo_url": "javascript:alert(1)"}, 400),
    ],
)
async def test_a_broken_rule_changes_nothing(org: Tenant, body: object, status: int) -> None:
    """What is out of bounds is refused by name."""
    before = await org.get(f"/organizations/{org.org_id}")
    await org.put(f"/organizations/{org.org_id}", body, status)

    assert before == await org.get(f"/organizations/{org.org_id}")


async def test_another_organization_is_not_there(org: Tenant, other_org: Tenant) -> None:
    """Reading, changing and deleting another organization are 404; so is an id that is none."""
    for target in (org.org_id, "org_0000000000001", "nonsense"):
        await other_org.get(f"/organizations/{target}", status=404)
        await other_org.put(f"/organizations/{target}", {"name": "Mine"}, 404)
        await other_org.delete(f"/organizations/{target}", 404)

    assert (await org.get(f"/organizations/{org.org_id}"))["name"] == "Test"


async def test_rights_are_asked_for(org: Tenant) -> None:
    """A key that may only read an organization cannot change or delete it."""
    reader = await org.with_key(permissions=["organization:read"])
    worker = await org.with_key(permissions=["jobs:read"])

    await reader.put(f"/organizations/{org.org_id}", {"name": "Mine"}, 403)
    await reader.delete(f"/organizations/{org.org_id}", 403)
    await worker.get(f"/organizations/{org.org_id}", status=403)
    await worker.get("/organizations", status=403)


async def rows_of(settings: Settings, org: Tenant) -> dict[str, int]:
    """How many rows each table holds of an organization."""
    org_id = ids.decode("org", org.org_id)
    found = {}
    async with await psycopg.AsyncConnection.connect(settings.database_url) as owner:
        tables = await owner.execute(
            "SELECT relname FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid"
            " WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attname = 'org_id'"
        )
        for (table,) in await tables.fetchall():
            statement = sql.SQL("SELECT count(*) FROM {} WHERE org_id = {}")
            cursor = await owner.execute(statement.format(sql.Identifier(table), org_id))
            found[table] = (await cursor.fetchone())[0]
    return {table: count for table, count in found.items() if count}


async def test_a_deleted_organization_leaves_nothing(
    core: Core, settings: Settings, org: Tenant, other_org: Tenant, clock: MovingClock
) -> None:
    """Its key stops at once, its rows go from every table, its slug is free, and others lose nothing."""
    slug = (await org.get(f"/organizations/{org.org_id}"))["slug"]
    await subscribe(core, org)
    await org.bury()
    await org.push(idempotency_key="order-1")
    await org.push("reports")
    theirs = await other_org.push()
    before = await rows_of(settings, org)

    await org.delete(f"/organizations/{org.org_id}")
    at_once = await rows_of(settings, org)
    await org.get("/jobs", status=401)
    await org.delete(f"/organizations/{org.org_id}", 401)
    free = await other_org.get("/organizations/check-slug", {"slug": slug})
    clock.advance(minutes=2)
    counts = await run_once.run_once(core, clock(), 10.0)

    assert {"organization", "api_key", "queue", "job", "idempotency_key", "webhook_delivery"} <= set(before)
    assert at_once == {"organization": 1}
    assert free["available"] is True
    assert counts["organizations"] >= 1
    assert await rows_of(settings, org) == {}
    await other_org.job(theirs["id"])


async def test_two_deletions_at_once_are_harmless(
    core: Core, settings: Settings, org: Tenant, clock: MovingClock
) -> None:
    """Of several requests and timers at the same moment none fails with a fault."""
    for _ in range(3):
        await org.push()
    answers = await asyncio.gather(
        *(org.raw("DELETE", f"/organizations/{org.org_id}") for _ in range(4)),
        *(run_once.run_once(core, clock(), 10.0) for _ in range(2)),
    )
    clock.advance(minutes=2)
    await asyncio.gather(*(run_once.run_once(core, clock(), 10.0) for _ in range(3)))

    assert {answer.status_code for answer in answers[:4]} <= {204, 401, 404}
    assert 204 in {answer.status_code for answer in answers[:4]}
    assert await rows_of(settings, org) == {}


async def test_a_slug_is_checked_without_a_credential(api: Api, org: Tenant) -> None:
    """The answer says whether the slug is one, whether it is free, and which one to take instead."""
    taken = (await org.get(f"/organizations/{org.org_id}"))["slug"]
    free = await api.get("/organizations/check-slug", {"slug": "quite-free"})
    used = await api.get("/organizations/check-slug", {"slug": taken})
    broken = await api.get("/organizations/check-slug", {"slug": "Not A Slug!"})
    await api.get("/organizations/check-slug", status=422)

    assert free == {"available": True, "valid": True, "slug": "quite-free"}
    assert (used["available"], used["valid"], used["suggestion"]) == (False, True, f"{taken}-2")
    assert (broken["available"], broken["valid"], broken["suggestion"]) == (False, False, "not-a-slug")
    assert broken["error"]


async def test_a_generated_slug_can_be_taken(api: Api) -> None:
    """Each organization of one name gets a slug of its own."""
    slugs = []
    for _ in range(3):
        slug = (await api.post("/organizations/generate-slug", {"name": "Ünique Café Ltd."}))["slug"]
        await api.post("/organizations", {"name": "Ünique Café Ltd.", "slug": slug}, 201)
        slugs.append(slug)

    assert slugs == ["unique-cafe-ltd", "unique-cafe-ltd-2", "unique-cafe-ltd-3"]


@pytest.mark.parametrize("name", ["", "!!!", "日本", "-", "a" * 500, "A  b--c"])
def test_any_name_has_a_slug(name: str) -> None:
    """Whatever the name, what is made of it is a slug."""
    slug = slug_of(name)

    assert 1 <= len(slug) <= 60
    assert set(slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert not slug.startswith("-")
