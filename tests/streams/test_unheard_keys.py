"""A key that ends while two processes are cut off from each other for a moment ends its open streams too."""

import pytest

from shared.edge.opening import open_core
from shared.settings import Settings
from tests.support.api import Tenant
from tests.support.line import line_to
from tests.support.readers import connected, listening, reading


@pytest.mark.parametrize("cut_off", ["who reads", "who revokes"])
async def test_what_was_not_heard_of_a_key_is_made_up_for(
    settings: Settings, redis_url: str, cut_off: str
) -> None:
    """Redis is away from one of them when the key is revoked; when it is back the streams of the key end."""
    async with line_to(redis_url) as line:
        urls = (line.url, redis_url) if cut_off == "who reads" else (redis_url, line.url)
        cores = [await open_core(settings.model_copy(update={"redis_url": url})) for url in urls]
        async with listening(cores[0]) as here, listening(cores[1]) as there:
            org = await here.api.new_tenant()
            made = await org.post("/api-keys", {"name": "Leaks"}, 201)
            leaked = Tenant(org.client, made["key"], org.org_id)
            async with reading(leaked) as source, connected(leaked) as socket:
                await socket.settled()
                line.refuses = True
                line.cut()
                await Tenant(there.api.client, org.key, org.org_id).delete(f"/api-keys/{made['id']}")
                line.refuses = False
                frames = await source.rest()
                said = await socket.first("Error")
        for core in cores:
            await core.close()

    assert frames[-1].event["data"]["code"] == said["data"]["code"] == "UNAUTHORIZED"
