"""A running environment whose database password was changed reads its secret again."""

import json
import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from psycopg import sql

from localstack.cloud.deployed import DeployedFunction
from localstack.gateway import Gateway
from localstack.lambdas.output import LogFolder
from localstack.lambdas.pool import Lambdas
from shared.settings import Settings
from tests.support.from_tree import deployed_from_tree, installed_layer
from tests.support.servers import Servers

ROUTES = {"POST /api/v1/organizations": "functions.organizations.create"}
LOG_GROUP = "/aws/lambda/functions.organizations.create"


class Login:
    """A login of the database, and the secret that tells of it."""

    def __init__(self, url: str) -> None:
        self.owner_url = url
        self.name = f"rotated_{uuid.uuid4().hex[:8]}"
        self.password = "first"
        self.reads = 0
        self._run("CREATE ROLE {} LOGIN PASSWORD 'first'; GRANT spooled_app, spooled_system TO {}")
        self._run("GRANT {} TO CURRENT_USER")

    def change_password(self, password: str) -> None:
        """As a rotation does; the connections that are open end, as they do sooner or later."""
        self._run(f"ALTER ROLE {{}} PASSWORD '{password}'")
        with psycopg.connect(self.owner_url, autocommit=True) as owner:
            owner.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = %s",
                (self.name,),
            )

    async def read(self, _function: DeployedFunction, _arn: str) -> Mapping[str, Any]:
        self.reads += 1
        url = psycopg.conninfo.conninfo_to_dict(self.owner_url)
        login = f"postgresql://{self.name}:{self.password}@{url['host']}:{url['port']}/{url['dbname']}"
        return {"SecretString": json.dumps({"DATABASE_URL": login})}

    def drop(self) -> None:
        self.change_password("over")
        self._run("DROP ROLE {}")

    def _run(self, statements: str) -> None:
        name = sql.Identifier(self.name)
        with psycopg.connect(self.owner_url, autocommit=True) as owner:
            for statement in statements.split(";"):
                owner.execute(sql.SQL(statement).format(*[name] * statement.count("{}")))  # type: ignore[arg-type]


@pytest.fixture
def login(servers: Servers) -> Any:
    """A login of a database of the test's own."""
    made = Login(servers.new_database(f"rotated_{uuid.uuid4().hex[:8]}"))
    yield made
    made.drop()


@pytest.fixture
async def gateway(login: Login, settings: Settings, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A function that has its database from a secret alone."""
    (tmp_path / "layer").mkdir()
    without = settings.model_copy(update={"database_url": "", "redis_url": "none"})
    deployed = deployed_from_tree(ROUTES, without, installed_layer(tmp_path / "layer"))
    functions = {
        name: replace(function, environment={**function.environment, "SETTINGS_SECRETS": "arn:login"})
        for name, function in deployed.functions.items()
    }
    async with Lambdas(functions, secrets=login.read, logs=LogFolder(tmp_path / "logs")) as lambdas:
        transport = httpx.ASGITransport(Gateway(replace(deployed, functions=functions), lambdas.invoke))  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://api", timeout=60) as client:
            yield client


async def status(gateway: httpx.AsyncClient) -> int:
    body = {"name": "Rotated", "slug": f"rotated-{uuid.uuid4().hex[:8]}"}
    return (await gateway.post("/api/v1/organizations", json=body)).status_code


async def test_a_changed_password_fails_no_request(gateway: httpx.AsyncClient, login: Login) -> None:
    """The connection that is opened anew takes the new password, and the caller notices nothing."""
    assert await status(gateway) == 201
    login.password = "second"
    login.change_password("second")

    assert await status(gateway) == 201
    assert await status(gateway) == 201
    assert login.reads == 2


async def test_a_secret_that_is_late_is_503_until_it_comes(
    gateway: httpx.AsyncClient, login: Login, tmp_path: Path
) -> None:
    """While the secret still holds the old password it is read once a request, and no password is shown."""
    assert await status(gateway) == 201
    login.change_password("second-password")
    reads = login.reads

    assert [await status(gateway), await status(gateway)] == [503, 503]
    assert login.reads == reads + 2
    login.password = "second-password"
    assert await status(gateway) == 201
    log = LogFolder(tmp_path / "logs").file(LOG_GROUP).read_text(encoding="utf-8")
    assert "second-password" not in log
