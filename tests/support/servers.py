"""One PostgreSQL and one Valkey for a whole test session, shared by its parallel workers."""

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from localstack.postgres import running_postgres
from localstack.redis import running_redis
from shared.store.migrate import migrate


@dataclass(frozen=True)
class Servers:
    template_url: str
    """A migrated database that nobody connects to, so that it can be copied at any time."""
    redis_url: str

    @classmethod
    def of_worker(cls, workerinput: dict[str, str]) -> Self:
        return cls(workerinput["template_url"], workerinput["redis_url"])

    def tell(self, workerinput: dict[str, str]) -> None:
        workerinput.update(asdict(self))

    def new_database(self, name: str) -> str:
        """The URL of a new database of that name, a copy of the migrated one."""
        template = psycopg.conninfo.conninfo_to_dict(self.template_url)["dbname"]
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        with psycopg.connect(
            make_conninfo(self.template_url, dbname="postgres"), autocommit=True
        ) as connection:
            connection.execute(statement.format(sql.Identifier(name), sql.Identifier(str(template))))
        return f"{self.template_url.rpartition('/')[0]}/{name}"


@contextmanager
def running_servers() -> Iterator[Servers]:
    with tempfile.TemporaryDirectory(prefix="spooled-tests-") as folder:
        home = Path(folder)
        with running_postgres(home, durable=False) as database_url, running_redis(home) as redis_url:
            asyncio.run(migrate(database_url))
            yield Servers(database_url, redis_url)
