"""A look-up of one key takes those along that were soon to be looked up anyway."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest

from shared import ids
from shared.core import Core
from shared.tenants.key_cache import KeyCache
from tests.support.api import Api, Tenant, api_of
from tests.support.asked import asked
from tests.support.clock import MovingClock

LOOK_UPS = ("authenticate_key", "known_keys")
TRUST, STEP = 100, 60
"""Seconds: after one step a look-up is worth another, after two it is trusted no more."""


@pytest.fixture
def core(core: Core) -> Core:
    """A process that trusts a look-up for longer than a slow machine takes for a test."""
    return replace(core, key_cache=KeyCache(timedelta(seconds=TRUST)))


async def used_by(tenants: list[Tenant]) -> None:
    for tenant in tenants:
        await tenant.get("/queues")


async def used_at_once(tenants: list[Tenant]) -> None:
    await asyncio.gather(*[tenant.get("/queues") for tenant in tenants])


def look_ups(names: list[str]) -> list[str]:
    found = [name for name in names if name in LOOK_UPS]
    names.clear()
    return found


async def test_keys_in_use_are_looked_up_with_another(
    api: Api, core: Core, clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten organizations' keys are trusted on after one statement; one that nobody used was not asked for."""
    tenants = [await api.new_tenant() for _ in range(10)]
    late = await api.new_tenant()
    await used_by(tenants)
    names = asked(core, monkeypatch)
    clock.advance(seconds=STEP)
    await used_by([late])
    first = look_ups(names)
    clock.advance(seconds=STEP)
    await used_by(tenants[1:])
    second = look_ups(names)
    clock.advance(seconds=STEP)
    await used_by([tenants[0]])
    third = look_ups(names)
    clock.advance(seconds=STEP)
    await used_by(tenants)

    assert first == ["authenticate_key", "known_keys"]
    assert second == []
    assert third == ["authenticate_key", "known_keys"]
    assert look_ups(names) == []


async def test_a_lone_key_is_looked_up_alone(
    org: Tenant, core: Core, clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no other key is in use the statement is the one that it was."""
    await used_by([org])
    names = asked(core, monkeypatch)
    for _ in range(3):
        clock.advance(seconds=2 * STEP)
        await used_by([org])

    assert look_ups(names) == ["authenticate_key"] * 3


@pytest.mark.parametrize("trust", [TRUST, 0])
async def test_a_crowd_looks_its_key_up_a_few_times(
    org: Tenant, core: Core, monkeypatch: pytest.MonkeyPatch, trust: int
) -> None:
    """Requests that come at once with a key that is not known share look-ups, also where none is kept."""
    names = asked(core, monkeypatch)

    async with api_of(replace(core, key_cache=KeyCache(timedelta(seconds=trust)))) as there:
        await used_at_once([Tenant(there.client, org.key, org.org_id)] * 100)

    assert 0 < len(look_ups(names)) < 10


async def test_a_crowd_with_a_wrong_key_is_refused_as_one(
    api: Api, org: Tenant, core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who tries a wrong key many times at once costs a few statements, and nobody else their answer."""
    wrong = Tenant(api.client, "sk_live_" + "x" * 40)
    names = asked(core, monkeypatch)

    answers = await asyncio.gather(*[who.raw("GET", "/queues") for who in (wrong, org) * 50])

    assert [answer.status_code for answer in answers] == [401, 200] * 50
    assert len(look_ups(names)) < 20


async def test_what_changed_unheard_ends_with_the_trust(
    api: Api, clock: MovingClock, database_url: str
) -> None:
    """A key that was switched off without a word is no longer trusted than before, in company or not."""
    revoked, narrowed, late = [await api.new_tenant() for _ in range(3)]
    await used_by([revoked, narrowed])
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        off = "UPDATE api_key SET is_active = false WHERE org_id = %s"
        few = "UPDATE api_key SET permissions = '{jobs:write}' WHERE org_id = %s"
        for statement, tenant in ((off, revoked), (few, narrowed)):
            await connection.execute(statement, [ids.decode("org", tenant.org_id)])
    clock.advance(seconds=STEP)
    await used_by([late])
    await narrowed.get("/queues", status=403)
    clock.advance(seconds=STEP)

    await revoked.get("/queues", status=401)
    await narrowed.get("/queues", status=403)


async def test_a_wrong_key_is_refused_in_company(api: Api, clock: MovingClock) -> None:
    """Others are looked up with it, and it is still unknown."""
    tenants = [await api.new_tenant() for _ in range(3)]
    await used_by(tenants)
    clock.advance(seconds=STEP)

    await Tenant(api.client, "sk_live_" + "x" * 40).get("/queues", status=401)
    await used_by(tenants)


async def test_a_use_is_still_noted(org: Tenant, other_org: Tenant, clock: MovingClock) -> None:
    """A key that is always looked up with others has its `last_used` moved on every five minutes."""
    await used_by([org, other_org])
    (before,) = await org.get("/api-keys")
    for _ in range(12):
        clock.advance(seconds=STEP)
        await used_by([org, other_org])
    (after,) = await org.get("/api-keys")

    assert after["last_used"] > before["last_used"]
