"""What PostgreSQL does for a statement of the core: the plan of the real text, on the real settings."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql

from shared.store import Query, Row, Scope, Statement
from shared.store.queries import prepared
from shared.store.store import _BEGINNINGS
from shared.tenants.caller import Caller

_TABLES = ("job", "job_archive", "queue", "idempotency_key", "webhook", "watch", "happening", "workflow")


CROWD = Caller(org_id=1, key_id=1)
"""Who owns the jobs of tests/store/plans/crowd.sql."""
ONE_PAGE_OF_READS = 200


@dataclass(frozen=True)
class Recorded:
    """A statement that the core ran, with the scope and the settings that it ran under."""

    scope: Scope
    statement: Statement
    hot: bool


@dataclass
class RecordingStore:
    """Stands in for the store: keeps what the core asks for and answers `rows` by query."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    recorded: list[Recorded] = field(default_factory=list)

    async def fetch(self, scope: Scope, query: Query, **parameters: Any) -> list[Row]:
        return (await self.fetch_each(scope, [Statement(query, parameters)]))[0]

    async def fetch_one(self, scope: Scope, query: Query, **parameters: Any) -> Row | None:
        rows = await self.fetch(scope, query, **parameters)
        return rows[0] if rows else None

    async def fetch_each(self, scope: Scope, statements: list[Statement], **_how: Any) -> list[list[Row]]:
        hot = all(statement.query.hot for statement in statements)
        return [self._keep(scope, statement, hot=hot) for statement in statements]

    @asynccontextmanager
    async def transaction(
        self, scope: Scope, *, hot: bool = False, **_how: Any
    ) -> AsyncIterator["_RecordingTransaction"]:
        yield _RecordingTransaction(self, scope, hot)

    def of(self, name: str) -> Recorded:
        """The last statement of that query."""
        return [one for one in self.recorded if one.statement.query.name == name][-1]

    def _keep(self, scope: Scope, statement: Statement, *, hot: bool) -> list[Row]:
        self.recorded.append(Recorded(scope, statement, hot))
        return self.rows.get(statement.query.name, [])


@dataclass
class _RecordingTransaction:
    store: RecordingStore
    scope: Scope
    hot: bool

    async def fetch(self, query: Query, **parameters: Any) -> list[Row]:
        return (await self.fetch_each([Statement(query, parameters)]))[0]

    async def fetch_one(self, query: Query, **parameters: Any) -> Row | None:
        rows = await self.fetch(query, **parameters)
        return rows[0] if rows else None

    async def fetch_each(self, statements: list[Statement]) -> list[list[Row]]:
        return [self.store._keep(self.scope, statement, hot=self.hot) for statement in statements]


@dataclass(frozen=True)
class Plan:
    """What a statement did."""

    root: dict[str, Any]

    @property
    def buffers(self) -> int:
        """Pages of 8 KB that were looked at."""
        return int(self.root["Shared Hit Blocks"]) + int(self.root["Shared Read Blocks"])

    @property
    def scanned_tables(self) -> set[str]:
        """The tables that were read from end to end, of those that grow."""
        return {
            node["Relation Name"]
            for node in self._nodes(self.root)
            if node["Node Type"] == "Seq Scan" and node["Relation Name"].startswith(_TABLES)
        }

    @property
    def archive_rows(self) -> int:
        """Rows of the archive that were read or counted."""
        return self.rows_of("job_archive")

    def rows_of(self, table: str) -> int:
        """Rows of a table and its partitions that were read or counted."""
        return sum(
            round(node["Actual Rows"] * node["Actual Loops"])
            for node in self._nodes(self.root)
            if node.get("Relation Name", "").startswith(table)
        )

    def buffers_of(self, table: str) -> int:
        """Pages of 8 KB that scans of a table looked at, those of its indexes included."""
        return sum(
            int(node["Shared Hit Blocks"]) + int(node["Shared Read Blocks"])
            for node in self._nodes(self.root)
            if node.get("Relation Name") == table and "Scan" in node["Node Type"]
        )

    @property
    def rows_in_vain(self) -> int:
        """Rows that were read and then found not to be wanted."""
        kinds = ("Rows Removed by Filter", "Rows Removed by Join Filter")
        return sum(
            int(node[kind]) * int(node["Actual Loops"])
            for node in self._nodes(self.root)
            for kind in kinds
            if kind in node
        )

    @property
    def rows(self) -> int:
        return int(self.root["Actual Rows"])

    def _nodes(self, node: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield node
        for child in node.get("Plans", []):
            yield from self._nodes(child)


def plan_of(
    connection: psycopg.Connection[Any], recorded: Recorded, *, generic: bool, meanwhile: bytes = b""
) -> Plan:
    """Run a statement as the store would, undo it, and return its plan.

    `generic` is the plan that a connection uses once it has run the statement often enough; it goes on to use
    it whatever happens `meanwhile`.
    """
    known = prepared(recorded.statement.query.sql)
    given = known.arguments(recorded.statement.parameters)
    values = [sql.Literal(value).as_string(connection).partition("::")[0] for value in given]
    enter = _BEGINNINGS[recorded.hot, False]
    mode = "force_generic_plan" if generic else "force_custom_plan"
    with connection.transaction(force_rollback=True):
        scope = (recorded.scope.role, str(recorded.scope.org_id), "30000")
        psycopg.RawCursor(connection).execute(enter, scope)
        connection.execute(f"SET LOCAL plan_cache_mode = {mode}")
        connection.execute(b"PREPARE examined AS " + known.sql)
        execute = f"EXECUTE examined ({', '.join(values)})" if values else "EXECUTE examined"
        if meanwhile:
            connection.execute(f"EXPLAIN {execute}".encode())
            connection.execute(meanwhile)
        row = connection.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {execute}".encode()).fetchone()
        connection.execute("DEALLOCATE examined")
    assert row is not None
    return Plan(row[0][0]["Plan"])


def assert_reads_indexes(plan: Plan, most_buffers: int) -> None:
    """No table that grows is read from end to end, and no more pages than that."""
    assert plan.scanned_tables == set()
    assert plan.buffers <= most_buffers
