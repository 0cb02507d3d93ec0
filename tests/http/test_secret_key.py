"""The server's secret is replaced in steps: nobody is refused, two processes understand each other."""

from typing import Any

import jwt
import pytest

from functions.ticks.tokens import run_once as tokens
from shared import ids
from shared.core import Core
from shared.secret_keys import id_of
from shared.settings import Settings
from shared.store import SYSTEM, Query
from shared.tenants.tokens import _signing_key
from shared.webhooks.sealing import UnsealError, head_of, seal, unseal
from tests.support.api import Api, Tenant
from tests.support.clock import MovingClock
from tests.support.mailbox import Mailbox
from tests.support.people import code_for, fresh_email, fresh_slug
from tests.support.people import served as mailing_at
from tests.support.rotation import ACCEPTED, AFTER, BEFORE, CURRENT, NEW, OLD, at, served_at

HOOK = {"name": "h", "url": "https://hooks.example.com/in", "events": ["job.completed"]}
BESIDE = [(BEFORE, ACCEPTED), (ACCEPTED, CURRENT), (CURRENT, AFTER)]
"""Settings that run side by side during a roll-out, in the order of the steps."""


async def use(api: Api, credential: str, status: int = 200) -> Any:
    return await Tenant(api.client, credential).get("/jobs", status=status)


async def signed_in(api: Api, key: str) -> dict[str, str]:
    answer: dict[str, str] = await api.post("/auth/login", {"api_key": key})
    return answer


@pytest.mark.parametrize(("one", "other"), BESIDE)
async def test_processes_of_two_steps_understand_each_other(
    core: Core, one: dict[str, str], other: dict[str, str]
) -> None:
    """A key, a token and a sealed secret that either made are good in both, again and again."""
    async with served_at(core, one) as here, served_at(core, other) as there:
        made = [await here.new_tenant(), await there.new_tenant()]
        tokens = [await signed_in(api, tenant.key) for api in (here, there) for tenant in made]
        for _ in range(2):
            for api in (here, there):
                for tenant in made:
                    await use(api, tenant.key)
                for answer in tokens:
                    await use(api, answer["access_token"])
                    await api.post("/auth/refresh", {"refresh_token": answer["refresh_token"]})
    settings = [at(core, step).settings for step in (one, other)]
    assert [unseal(to, seal(by, "s")) for by in settings for to in settings] == ["s"] * 4


async def test_a_key_that_was_used_outlives_the_secret_before(core: Core, clock: MovingClock) -> None:
    """Used once while both are accepted it is good when the old secret is gone; else it is refused."""
    async with served_at(core, BEFORE) as api:
        used, unused = await api.new_tenant(), await api.new_tenant()
        await use(api, used.key)
    clock.advance(minutes=6)
    async with served_at(core, CURRENT) as api:
        await use(api, used.key)
    async with served_at(core, AFTER) as api:
        await use(api, used.key)
        await use(api, unused.key, 401)
    async with served_at(core, CURRENT) as api:
        await use(api, unused.key)


async def test_a_key_moves_no_oftener_than_its_use_is_noted(core: Core, clock: MovingClock) -> None:
    """Two processes that disagree about the secret of now do not write at each other's every request."""
    query = Query(
        "under", "SELECT hashed_under FROM api_key WHERE org_id = %(org_id)s ORDER BY id LIMIT 1", hot=False
    )
    async with served_at(core, ACCEPTED) as before, served_at(core, CURRENT) as now:
        tenant = await before.new_tenant()
        found = []
        for api in (before, now, before, now):
            await use(api, tenant.key)
            row = await core.store.fetch_one(SYSTEM, query, org_id=ids.decode("org", tenant.org_id))
            assert row is not None
            found.append(bytes(row["hashed_under"]))
        clock.advance(minutes=6)
        await use(now, tenant.key)
        row = await core.store.fetch_one(SYSTEM, query, org_id=ids.decode("org", tenant.org_id))

    assert found == [id_of(OLD)] * 4
    assert row is not None
    assert bytes(row["hashed_under"]) == id_of(NEW)


async def test_the_name_in_a_token_widens_nothing(core: Core) -> None:
    """A token of a secret that is not accepted stays refused whatever secret it names; none is needed."""
    async with served_at(core, CURRENT) as api:
        tenant = await api.new_tenant()
        token = (await signed_in(api, tenant.key))["access_token"]
        claims = jwt.decode(token, options={"verify_signature": False})
        named = jwt.get_unverified_header(token)["kid"]

        def forged(secret: str, **header: Any) -> str:
            return jwt.encode(claims, _signing_key(secret), algorithm="HS256", headers=header)

        assert named == id_of(NEW).hex()
        await use(api, forged(OLD))
        await use(api, forged(OLD, kid=id_of(OLD).hex()))
        await use(api, forged(NEW, kid=id_of(OLD).hex()), 401)
        for kid in (named, id_of(OLD).hex(), "../../dev/null", ""):
            await use(api, forged("a-secret-of-somebody", kid=kid), 401)
            await use(api, forged("", kid=kid), 401)


async def test_what_is_short_lived_lives_through_the_change(core: Core, mail_server: Mailbox) -> None:
    """A code by mail, a sign-up token and the token of a preview are good in the process of the next step."""
    mail = {"smtp_url": mail_server.url, "mail_from": "Spooled <no-reply@spooled.example>"}
    before, after, gone = (mailing_at(core, **mail, **step) for step in (ACCEPTED, CURRENT, AFTER))
    async with before.client, after.client, gone.client:
        email = fresh_email()
        await before.post("/auth/email/start", {"email": email})
        sent = {"email": email, "code": code_for(mail_server, email)}
        await gone.post("/auth/email/verify", sent, 400)
        offer = await after.post("/auth/email/verify", sent)
        back = {"signup_token": offer["signup_token"], "name": "New", "slug": fresh_slug()}
        await before.post("/auth/signup/complete", back, 201)

        tenant = await before.new_tenant()
        here, there = (Tenant(api.client, tenant.key, tenant.org_id) for api in (before, after))
        await here.push()
        body = {"act": "cancel", "filter": {"status": "pending"}}
        previewed = await here.post("/jobs/acts/preview", body)
        await there.post("/jobs/acts", body | {"token": previewed["token"]}, 202)


async def test_stored_secrets_are_sealed_anew(core: Core, clock: MovingClock) -> None:
    """The timer leaves nothing under the secret before, but for an hour of what has just ended."""
    own = {"completion_webhook": "https://hooks.example.com/done", "completion_webhook_secret": "job secret"}
    async with served_at(core, BEFORE) as api:
        tenant = await api.new_tenant()
        await tenant.post("/outgoing-webhooks", HOOK | {"secret": "hook secret"}, 201)
        await tenant.push("done", **own)
        job = await tenant.dequeue("done")
        await tenant.post(f"/jobs/{job['id']}/complete", {"worker_id": "w1"})
        await tenant.push("waits", **own)
    early = await tokens.run_once(at(core, CURRENT), clock(), 60)
    left = await sealed_values(core, tenant.org_id)
    clock.advance(minutes=61)

    resealed = await tokens.run_once(at(core, CURRENT), clock(), 60)
    again = await tokens.run_once(at(core, CURRENT), clock(), 60)
    alone = await tokens.run_once(at(core, AFTER), clock(), 60)

    stored = await sealed_values(core, tenant.org_id)
    after = at(core, AFTER).settings
    assert early["resealed"] + resealed["resealed"] >= len(stored)
    assert len([one for one in left if not one.startswith(head_of(at(core, CURRENT).settings))]) == 1
    assert (again["resealed"], alone["resealed"]) == (0, 0)
    assert sorted(unseal(after, one) for one in stored) == ["hook secret", *["job secret"] * 3]


async def test_a_secret_that_nobody_can_read_stops_no_other(core: Core, clock: MovingClock) -> None:
    """What was sealed under a lost secret stays as it is, behind a deadline nothing is done at all."""
    lost = Settings(spooled_env="development", secret_key="a-secret-that-was-lost")
    async with served_at(core, CURRENT) as api:
        tenant = await api.new_tenant()
        made = [await tenant.post("/outgoing-webhooks", HOOK | {"secret": "x"}, 201) for _ in range(2)]
    values = [seal(lost, "x"), seal(at(core, ACCEPTED).settings, "x")]
    for hook, value in zip(made, values, strict=True):
        query = Query("set", "UPDATE webhook SET sealed_secret = %(value)s WHERE id = %(id)s", hot=False)
        await core.store.fetch(SYSTEM, query, value=value, id=ids.decode("wh", hook["id"]))

    assert (await tokens.run_once(at(core, CURRENT), clock(), -1))["resealed"] == 0
    await tokens.run_once(at(core, CURRENT), clock(), 60)

    first, second = await sealed_values(core, tenant.org_id)
    assert first == values[0]
    assert unseal(at(core, AFTER).settings, second) == "x"
    with pytest.raises(UnsealError):
        unseal(at(core, CURRENT).settings, first)


async def sealed_values(core: Core, org_id: str) -> list[bytes]:
    query = Query(
        "sealed",
        "SELECT sealed_secret AS value FROM (SELECT sealed_secret FROM webhook WHERE org_id = %(org_id)s"
        " ORDER BY id) AS hooks"
        " UNION ALL SELECT sealed_secret FROM webhook_delivery WHERE org_id = %(org_id)s"
        " UNION ALL SELECT completion_webhook_secret FROM job WHERE org_id = %(org_id)s"
        " UNION ALL SELECT completion_webhook_secret FROM job_archive WHERE org_id = %(org_id)s",
        hot=False,
    )
    rows = await core.store.fetch(SYSTEM, query, org_id=ids.decode("org", org_id))
    return [bytes(row["value"]) for row in rows if row["value"] is not None]
