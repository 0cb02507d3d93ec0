"""All that the database holds of an organization, to see that nothing of it has changed."""

import psycopg
from psycopg import sql

from shared import ids
from tests.support.api import Tenant


class Rows:
    """The rows of one organization in every table that has organizations."""

    def __init__(self, connection: psycopg.AsyncConnection, org: Tenant) -> None:
        self._connection = connection
        self._org_id = ids.decode("org", org.org_id)
        self._statement: sql.Composed | None = None

    async def now(self, *, without: tuple[str, ...] = ()) -> set[str]:
        """Each row as a text, with the name of its table before it."""
        if self._statement is None:
            self._statement = await self._all_tables()
        cursor = await self._connection.execute(self._statement, {"org_id": self._org_id})
        return {f"{table}: {row}" for table, row in await cursor.fetchall() if table not in without}

    async def _all_tables(self) -> sql.Composed:
        cursor = await self._connection.execute(
            "SELECT relname FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid"
            " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND attname = 'org_id'"
            " AND NOT relispartition"
        )
        selects = [
            sql.SQL("SELECT {}, t::text FROM {} AS t WHERE org_id = %(org_id)s").format(
                sql.Literal(table), sql.Identifier(table)
            )
            for (table,) in await cursor.fetchall()
        ]
        assert len(selects) > 20
        return sql.SQL(" UNION ALL ").join(selects)
