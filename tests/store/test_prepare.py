"""The step before a deployment: schema, and a login for the functions that owns nothing."""

import uuid

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from shared.settings import Settings
from shared.store import SYSTEM, Query, SingleConnection, Store
from shared.store.prepare import prepare_database
from tests.support.servers import Servers

ONE = Query("one", "SELECT 1 AS one", hot=False)


@pytest.fixture
def settings(servers: Servers, worker_id: str) -> Settings:
    owner = servers.new_database(f"prepare_{uuid.uuid4().hex}")
    login = make_conninfo(owner, user=f"functions_{worker_id}", password="first")
    return Settings(database_url=login, owner_database_url=owner, spooled_env="development")


async def test_the_functions_login_works_and_owns_nothing(settings: Settings) -> None:
    """It takes the roles of a transaction, and cannot touch a table without one."""
    await prepare_database(settings)

    store = Store(SingleConnection(settings), statement_timeout_ms=1000)
    assert len(await store.fetch(SYSTEM, ONE)) == 1
    await store.close()
    async with await psycopg.AsyncConnection.connect(settings.database_url, autocommit=True) as connection:
        for statement in (
            "SELECT FROM job",
            "DROP TABLE job",
            "CREATE TABLE mine ()",
            "SELECT FROM schema_migration",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await connection.execute(statement)


async def test_a_second_deployment_changes_the_password(settings: Settings) -> None:
    """Nothing is migrated twice, and the login has the password that was set last."""
    await prepare_database(settings)
    changed = make_conninfo(settings.database_url, password="second")
    assert await prepare_database(settings.model_copy(update={"database_url": changed})) == []

    async with await psycopg.AsyncConnection.connect(changed):
        pass
    with pytest.raises(psycopg.OperationalError):
        await psycopg.AsyncConnection.connect(settings.database_url)


async def test_without_an_owner_of_its_own_the_login_stays(settings: Settings) -> None:
    """On one machine the service's login is the owner; it is not changed."""
    alone = settings.model_copy(
        update={"database_url": settings.owner_database_url, "owner_database_url": ""}
    )

    assert await prepare_database(alone) == []
    assert conninfo_to_dict(alone.database_url)["user"]
