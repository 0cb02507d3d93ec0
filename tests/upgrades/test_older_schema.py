"""The new code before its migrations have run: it says so, and goes on when they have."""

from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest

from shared.core import Core
from shared.edge.opening import open_core
from shared.settings import Settings
from shared.store.migrate import migrate
from tests.support.api import Api, api_of
from tests.support.contract_world import World
from tests.support.previous import migrated_as_before
from tests.support.servers import Servers


@pytest.fixture(scope="module")
def older_url(servers: Servers, previous: Path, worker_id: str) -> str:
    """A database at the schema of the release before."""
    name = f"older_schema_{worker_id}"
    with psycopg.connect(
        servers.template_url.rpartition("/")[0] + "/postgres", autocommit=True
    ) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return migrated_as_before(previous, f"{servers.template_url.rpartition('/')[0]}/{name}")


@pytest.fixture
async def core(settings: Settings, older_url: str) -> AsyncIterator[Core]:
    opened = await open_core(settings.model_copy(update={"database_url": older_url, "redis_url": "none"}))
    yield opened
    await opened.close()


async def test_it_is_not_ready_until_it_is_migrated(core: Core, older_url: str) -> None:
    """A probe gets 503, a request what it wants or 503, never a fault; then the same process has it all."""
    async with api_of(core) as api:
        ready = await api.call("GET", "/health/ready", 503)
        assert (ready["code"], "migrations" in ready["message"]) == ("SERVICE_UNAVAILABLE", True)
        await api.call("GET", "/health/live", 200)
        made = await api.raw("POST", "/organizations", json={"name": "Older", "slug": "older-schema"})
        org = Api(api.client, made.json()["api_key"]["key"] if made.is_success else "sk_live_unknown")
        answers = [made, await org.raw("POST", "/jobs", json={"queue_name": "q", "payload": {}})]
        answers += [
            await org.raw("GET", path) for path in ("/jobs", "/queues", "/audit", "/schedules", "/workflows")
        ]
        refused = [answer for answer in answers if not answer.is_success]
        behind = [answer for answer in refused if answer.status_code == 503]

        assert behind
        assert {answer.status_code for answer in refused} <= {401, 503}
        assert {answer.headers["retry-after"] for answer in behind} == {"1"}

        await migrate(older_url)

        await api.call("GET", "/health/ready", 200)
        await World.of(await api.new_tenant())
