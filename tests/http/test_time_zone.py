"""A database whose server keeps another time: what is said to be UTC is."""

from datetime import UTC, datetime

import psycopg

from shared.edge.opening import open_core
from shared.settings import Settings
from tests.support.api import api_of

HOOK = {"name": "h", "url": "https://hooks.example.com/", "events": ["job.created"], "secret": "first"}


def utc(instant: str) -> str:
    return f"{datetime.fromisoformat(instant).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


async def test_a_refusal_names_its_instant_in_utc(own_url: str, settings: Settings) -> None:
    """Until when two are good is what the answer before said, not the hour of the database's zone."""
    with psycopg.connect(own_url, autocommit=True) as owner:
        owner.execute(f"ALTER DATABASE {own_url.rpartition('/')[2]} SET timezone TO 'Asia/Tokyo'".encode())
    core = await open_core(settings.model_copy(update={"database_url": own_url, "redis_url": "none"}))
    async with api_of(core) as api:
        org = await api.new_tenant()
        hook = f"/outgoing-webhooks/{(await org.post('/outgoing-webhooks', HOOK, 201))['id']}"
        rotated = await org.post(f"{hook}/rotate-secret")
        of_hook = await org.post(f"{hook}/rotate-secret", status=409)
        key = await org.post("/api-keys", {"name": "k"}, 201)
        successor = await org.post(f"/api-keys/{key['id']}/rotate", status=201)
        of_key = await org.post(f"/api-keys/{successor['id']}/rotate", status=409)
    await core.close()

    assert utc(rotated["overlap_ends_at"]) in of_hook["message"]
    assert utc(successor["previous_key_expires_at"]) in of_key["message"]
