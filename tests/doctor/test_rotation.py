"""The doctor says what still needs a secret of the server that is being replaced."""

from collections.abc import Callable
from datetime import timedelta

import psycopg

from functions.ticks.tokens import run_once as tokens
from shared.doctor.finding import Finding
from shared.edge.opening import open_core
from shared.settings import Settings
from shared.store.migrate import migrate
from tests.doctor.conftest import Environment
from tests.support.clock import MovingClock
from tests.support.doctor import look
from tests.support.rotation import BEFORE, CURRENT, NEW, OLD, at, served_at

HOOK = {"name": "h", "url": "https://hooks.example.com/", "events": ["job.created"], "secret": "x"}

SWITCHED_OFF = (
    (
        "UPDATE organization SET is_active = false"
        " WHERE org_id = (SELECT org_id FROM api_key WHERE key_prefix = %(prefix)s)"
    ),
    "UPDATE api_key SET is_active = false WHERE key_prefix = %(prefix)s",
)
"""What may be switched on again, and must be good then."""


async def test_what_needs_the_secret_before_is_counted_until_nothing_does(
    own_url: str, settings: Settings, environment: Environment, clock: MovingClock
) -> None:
    """Each key and each stored secret is counted until it has moved or is gone; then the fallback may go."""
    here = environment | {"DATABASE_URL": own_url}
    core = await open_core(settings.model_copy(update={"database_url": own_url}), clock)
    async with served_at(core, BEFORE) as api:
        used, unused = await api.new_tenant(), await api.new_tenant()
        await used.post("/outgoing-webhooks", HOOK, 201)
    replaced = here | {"SECRET_KEY": NEW, "SECRET_KEY_FALLBACKS": OLD}

    alone = await look("rotation", environment=here | {"SECRET_KEY": OLD})
    first = await look("rotation", environment=replaced)
    clock.advance(minutes=6)
    async with served_at(core, CURRENT) as api:
        await type(used)(api.client, used.key).get("/jobs")
    await tokens.run_once(at(core, CURRENT), clock(), 60)
    second = await look("rotation", environment=replaced)
    resting = []
    for change in SWITCHED_OFF:
        with psycopg.connect(own_url) as owner:
            owner.execute("SET ROLE spooled_system")
            owner.execute(change, {"prefix": unused.key[:12]})
        resting.append(await look("rotation", environment=replaced))
    with psycopg.connect(own_url) as owner:
        owner.execute("SET ROLE spooled_system")
        owner.execute("UPDATE api_key SET revoked_at = now() WHERE key_prefix = %s", (unused.key[:12],))
    last = await look("rotation", environment=replaced)
    unread = await look("webhooks", environment=here | {"SECRET_KEY": OLD})
    lost = await look("rotation", environment=here | {"SECRET_KEY": OLD})
    await core.close()

    found = [str(one["rotation secret key"].level) for one in (alone, first, second, *resting, last)]
    assert found == ["ok", "warning", "warning", "warning", "warning", "ok"]
    assert "2 API keys and 1 stored secret may still need" in first["rotation secret key"].found
    assert "1 API key and 0 stored secrets may still need" in second["rotation secret key"].found
    assert unread["webhooks secrets"].level == "failed"
    assert lost["rotation secret key"].level == "warning"
    assert "1 API key is refused" in lost["rotation secret key"].found


async def test_sessions_need_the_secret_before_for_as_long_as_they_last(
    own_database: Callable[[], str], settings: Settings, environment: Environment, clock: MovingClock
) -> None:
    """The doctor names when the last that it signed has ended, and after that no session is cut off."""
    url, noted = own_database(), clock()
    here = environment | {"DATABASE_URL": url}
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(f"ALTER DATABASE {url.rpartition('/')[2]} SET timezone TO 'Asia/Tokyo'".encode())
    core = await open_core(settings.model_copy(update={"database_url": url}), clock)
    accepted = here | {"SECRET_KEY": OLD, "SECRET_KEY_FALLBACKS": NEW}
    replaced = here | {"SECRET_KEY": NEW, "SECRET_KEY_FALLBACKS": OLD}

    async def found(environment: Environment) -> Finding:
        return (await look("rotation", environment=environment, clock=clock))["rotation sessions"]

    async with served_at(core, BEFORE) as api:
        org = await api.new_tenant()
        await tokens.run_once(at(core, BEFORE), noted, 60)
        clock.advance(minutes=59)
        session = await api.post("/auth/login", {"api_key": org.key})
    first = [await found(one) for one in (here | {"SECRET_KEY": OLD}, accepted, replaced)]
    await tokens.run_once(at(core, CURRENT), clock(), 60)
    back = await found(accepted)
    clock.advance(days=29, hours=23)
    async with served_at(core, CURRENT) as api:
        await api.post("/auth/refresh", {"refresh_token": session["refresh_token"]})
    during = await found(replaced)
    clock.advance(hours=3)
    async with served_at(core, CURRENT) as api:
        await api.post("/auth/refresh", {"refresh_token": session["refresh_token"]}, 401)
    after = await found(replaced)
    await core.close()

    assert [str(one.level) for one in first] == ["ok", "ok", "warning"]
    assert [str(one.level) for one in (back, during, after)] == ["warning", "warning", "ok"]
    assert first[2].found == during.found
    assert f"{noted + timedelta(days=30, hours=2):%Y-%m-%dT%H:%M:%SZ}" in during.found


async def test_sessions_of_before_there_were_notes_need_the_secret_too(
    own_database: Callable[[], str], settings: Settings, environment: Environment, clock: MovingClock
) -> None:
    """On a service that is older than notes of secrets, one without a note counts until its sessions end."""
    url = own_database()
    with psycopg.connect(url) as owner:
        owner.execute("DELETE FROM schema_migration WHERE name LIKE '0032%'")
        owner.execute("UPDATE schema_migration SET ran_at = ran_at - interval '1 year'")
    replaced = environment | {"DATABASE_URL": url, "SECRET_KEY": NEW, "SECRET_KEY_FALLBACKS": OLD}
    core = await open_core(settings.model_copy(update={"database_url": url}), clock)
    async with served_at(core, BEFORE) as api:
        org = await api.new_tenant()
        session = await api.post("/auth/login", {"api_key": org.key})

    async def found() -> str:
        return str((await look("rotation", environment=replaced, clock=clock))["rotation sessions"].level)

    await migrate(url)
    await tokens.run_once(at(core, CURRENT), clock(), 60)
    upgraded = await found()
    clock.advance(days=29, hours=23)
    async with served_at(core, CURRENT) as api:
        await api.post("/auth/refresh", {"refresh_token": session["refresh_token"]})
    during = await found()
    clock.advance(hours=4)
    after = await found()
    await core.close()

    assert (upgraded, during, after) == ("warning", "warning", "ok")
