"""What is in a database, to tell whether a restored one has it all."""

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeAlias

import psycopg
from psycopg.rows import DictRow, dict_row
from pydantic import TypeAdapter

from shared.backup.errors import BackupError
from shared.store import load_queries

QUERIES = load_queries(__file__)
_CHUNK = 1 << 20

Connection: TypeAlias = psycopg.Connection[DictRow]


@dataclass(frozen=True, slots=True)
class Contents:
    """Rows by table, and the place of each sequence that only goes up."""

    tables: dict[str, int]
    sequences: dict[str, int]

    @classmethod
    def of(cls, connection: Connection) -> "Contents":
        """Of a database, as this connection sees it."""
        tables = {}
        for table in connection.execute(QUERIES["tables"].sql).fetchall():
            counted = connection.execute(table["statement"].encode()).fetchone()
            tables[table["name"]] = int((counted or {})["rows"])
        sequences = connection.execute(QUERIES["sequences"].sql).fetchall()
        return cls(tables, {row["name"]: row["value"] or 0 for row in sequences if not row["starts_again"]})

    def lacks(self, wanted: "Contents") -> list[str]:
        """How this differs from what it should be. A sequence may have gone on while it was read."""
        found = [
            f"{name}: {self.tables.get(name, 'no')} rows instead of {wanted.tables.get(name, 'no')}"
            for name in sorted({*self.tables, *wanted.tables})
            if self.tables.get(name) != wanted.tables.get(name)
        ]
        return found + [
            f"{name}: the sequence is at {self.sequences.get(name, 'nothing')}, behind {value}"
            for name, value in wanted.sequences.items()
            if self.sequences.get(name, -1) < value
        ]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What stands beside a dump. made_at: RFC 3339. server_version: of PostgreSQL. sha256: of the dump."""

    made_at: str
    service_version: str
    server_version: int
    sha256: str
    contents: Contents

    @classmethod
    def read(cls, text: bytes) -> "Manifest":
        """From JSON; raises ValueError for what is none."""
        return TypeAdapter(cls).validate_json(text)

    def document(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def connect(database_url: str) -> Connection:
    """As the login of that URL."""
    return psycopg.connect(database_url, autocommit=True, row_factory=dict_row, prepare_threshold=None)


def see_all(connection: Connection) -> bool:
    """Make a connection see each row of each organization; whether its login does so anyway.

    Raises BackupError where row-level security would keep some out without a word.
    """
    login = connection.execute(QUERIES["login"].sql).fetchone()
    if login and login["sees_all"]:
        return True
    hidden = [row["name"] for row in connection.execute(QUERIES["hidden"].sql).fetchall()]
    if hidden:
        raise BackupError(
            f"Row-level security would keep rows of {', '.join(hidden[:3])} out of the dump: "
            "look with `spooled doctor`, or dump as a superuser."
        )
    for query in ("role", "rights", "be_it"):
        connection.execute(QUERIES[query].sql)
    return False


def digest_of(file: Path) -> str:
    """Of all its bytes."""
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        while part := opened.read(_CHUNK):
            digest.update(part)
    return digest.hexdigest()
