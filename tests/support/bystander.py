"""One statement in two databases that differ by another organization: who cannot see it cannot tell."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Json, Jsonb

from shared.store.queries import Prepared, prepared

_MADE_ANEW = re.compile(r"\b\d{16,19}\b|[a-z]+_[0-9a-hj-km-np-tv-z]{13}\b")
"""Ids that a statement makes are others each time."""
_OF_THE_MOMENT = re.compile(
    r"datetime\.datetime\([^)]*\)|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.\d]*(?:Z|[+-]\d\d(?::?\d\d)?)?"
)
Named = Mapping[tuple[str, str], Any]
"""Values by the name and type of a parameter; without a name, of all of that type that nothing else names."""
BY_TYPE: dict[str, Any] = {
    "bigint": 1,
    "integer": 1,
    "smallint": 1,
    "double precision": 1.0,
    "boolean": True,
    "text": "x",
    "json": Json({}),
    "jsonb": Jsonb({}),
    "bytea": b"x",
    "interval": timedelta(days=1),
    "date": date(2026, 3, 1),
    "timestamp with time zone": datetime(2026, 3, 1, tzinfo=UTC),
}


@dataclass(frozen=True)
class Ran:
    """What a statement gave or was refused with, and the rows of all tables before it and after.

    refused: why, in the server's words; empty where it ran.
    """

    said: str
    refused: str
    before: frozenset[str]
    after: frozenset[str]

    @property
    def is_closed(self) -> bool:
        """Whether the role may not touch what the statement is about, whoever's rows there are."""
        return self.refused.startswith("permission denied for ")


class Statements:
    """Runs statements in a database in the name of an organization and undoes them.

    named: values by the names and types of parameters, which win over those of their types.
    """

    def __init__(self, connection: psycopg.Connection, named: Named) -> None:
        # All of a run in one snapshot.
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        self._connection = connection
        self._named = named
        self.tables = tables_of(connection)
        connection.execute("SET ROLE spooled_system")
        self.rows_at_rest = self._rows()
        connection.execute("RESET ROLE")

    def run(self, text: str, org_id: int, aim: Named, first: str | None = None) -> Ran:
        """Run a statement as the application does for one organization.

        aim: values of parameters that win over all others. first: a statement that makes, in the name of the
        whole service, what this one is about.
        """
        statement = prepared(text)
        values = self._values(statement, aim)
        before, refused = self.rows_at_rest, ""
        with self._connection.transaction(force_rollback=True):
            if first is not None:
                self._connection.execute("SELECT set_config('role', 'spooled_system', true)")
                making = prepared(first)
                made = self._cursor().execute(making.sql, self._values(making, aim))
                assert made.rowcount > 0, first
                before = self._rows()
            self._connection.execute(
                "SELECT set_config('role', 'spooled_app', true), set_config('spooled.org_id', %s, true)",
                (str(org_id),),
            )
            try:
                with self._connection.transaction():
                    cursor = self._cursor().execute(statement.sql, values)
                    said = self._said(cursor)
            except psycopg.Error as error:
                said, refused = type(error).__name__, error.diag.message_primary or str(error)
            self._connection.execute("SELECT set_config('role', 'spooled_system', true)")
            return Ran(said, refused, before, self._rows())

    def _said(self, cursor: psycopg.RawCursor[Any]) -> str:
        """What a statement gave, but for the number of its transaction, which tells of the whole server."""
        said = repr(cursor.fetchall() if cursor.description else [])
        row = self._connection.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text").fetchone()
        assert row is not None
        return re.sub(rf"\b{row[0]}\b", "(transaction)", said)

    def _cursor(self) -> psycopg.RawCursor[Any]:
        return psycopg.RawCursor(self._connection)

    def _values(self, statement: Prepared, aim: Named) -> list[Any]:
        kinds = self._parameters(statement.sql, statement.names)
        return [self._value(name, kind, aim) for name, kind in kinds]

    def _parameters(self, text: bytes, names: Iterable[str]) -> list[tuple[str, str]]:
        self._connection.execute(b"PREPARE looked_at AS " + text)
        row = self._connection.execute(
            "SELECT parameter_types::text[] FROM pg_prepared_statements WHERE name = 'looked_at'"
        ).fetchone()
        self._connection.execute("DEALLOCATE looked_at")
        assert row is not None
        return [*zip(names, row[0], strict=True)]

    def _value(self, name: str, kind: str, aim: Named) -> Any:
        for values in (aim, self._named):
            if (name, kind) in values:
                return values[name, kind]
        if ("", kind) in aim:
            return aim["", kind]
        base = kind.removesuffix("[]")
        return BY_TYPE[base] if base == kind else [BY_TYPE[base]]

    def _rows(self) -> frozenset[str]:
        selects = [
            sql.SQL("SELECT {} || t::text FROM {} AS t").format(
                sql.Literal(f"{table}: "), sql.Identifier(table)
            )
            for table in self.tables
        ]
        found = self._connection.execute(sql.SQL(" UNION ALL ").join(selects)).fetchall()
        return frozenset(row for (row,) in found)


def tables_of(connection: psycopg.Connection) -> list[str]:
    """The tables with rows of organizations."""
    cursor = connection.execute(
        "SELECT relname FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid"
        " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND attname = 'org_id'"
        " AND NOT relispartition ORDER BY relname"
    )
    return [table for (table,) in cursor.fetchall()]


def forget_organization(connection: psycopg.Connection, org_id: int) -> None:
    """Take an organization out of a database as if it had never been."""
    connection.execute("SET ROLE spooled_system")
    while _number(connection, "SELECT purge_organization(%s, 1000)", org_id):
        pass
    connection.execute("DELETE FROM organization WHERE org_id = %s", (org_id,))
    for table in tables_of(connection):
        left = sql.SQL("SELECT count(*) FROM {} WHERE org_id = %s").format(sql.Identifier(table))
        assert _number(connection, left, org_id) == 0, table
    connection.execute("RESET ROLE")


def _number(connection: psycopg.Connection, query: sql.Composable | str, org_id: int) -> int:
    row = connection.execute(query, (org_id,)).fetchone()
    return int(row[0] or 0) if row else 0


def numbers(text: str) -> set[str]:
    """The ids in it, those of organizations and of what they have."""
    return {found for found in _MADE_ANEW.findall(text) if found.isdigit()}


def comparable(said: str) -> str:
    """A result without what is made anew each time."""
    return _OF_THE_MOMENT.sub("(time)", _MADE_ANEW.sub("(id)", said))
