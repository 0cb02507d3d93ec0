"""The doctor says what still needs a secret of the server that is being replaced."""

import psycopg

from functions.ticks.tokens import run_once as tokens
from shared.edge.opening import open_core
from shared.settings import Settings
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
