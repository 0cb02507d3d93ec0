"""Migrations only add, and hold up nobody: the release before goes on while they run, and after."""

import re

import pytest

from shared.store.migrate import Migration, migrations
from tests.support.migration_rules import faults_of
from tests.support.previous import migration_names

NEW = [migration for migration in migrations() if migration.name not in migration_names()]
REFUSED = {
    "ALTER TABLE job DROP COLUMN trace": "ban-drop-column",
    "ALTER TABLE job RENAME COLUMN trace TO span": "renaming-column",
    "ALTER TABLE job RENAME TO work": "renaming-table",
    "ALTER TABLE job ALTER COLUMN priority TYPE bigint": "changing-column-type",
    "ALTER TABLE job ADD COLUMN more text NOT NULL": "adding-required-field",
    "ALTER TABLE job ADD COLUMN more uuid DEFAULT gen_random_uuid()": "adding-field-with-default",
    "ALTER TABLE job ALTER COLUMN trace SET NOT NULL": "adding-not-nullable-field",
    "ALTER TABLE job ADD CONSTRAINT above CHECK (priority > 0)": "constraint-missing-not-valid",
    "ALTER TABLE job ADD CONSTRAINT one UNIQUE (trace)": "disallowed-unique-constraint",
    "CREATE INDEX job_by_trace ON job (trace)": "require-concurrent-index-creation",
    "DROP INDEX job_by_queue": "require-concurrent-index-deletion",
    "DROP TABLE job": "ban-drop-table",
    "DROP FUNCTION tell(bigint)": "ban-drop-function",
    "TRUNCATE job": "TruncateStmt",
    "UPDATE job SET trace = ''": "UpdateStmt",
    "DELETE FROM job": "DeleteStmt",
    "LOCK TABLE job": "LockStmt",
    "-- In parts\nCREATE INDEX CONCURRENTLY job_by_trace ON job (trace)": "prefer-robust-stmts",
}
TAKEN = (
    "ALTER TABLE job ADD COLUMN more text, ADD COLUMN count integer NOT NULL DEFAULT 0",
    "ALTER TABLE job ADD CONSTRAINT above CHECK (priority > 0) NOT VALID",
    "CREATE TABLE made (n integer); CREATE INDEX made_n ON made (n); INSERT INTO made VALUES (1)",
    "-- In parts\nCREATE INDEX CONCURRENTLY IF NOT EXISTS job_by_trace ON job (trace)",
    "-- In parts\nCREATE INDEX IF NOT EXISTS job_archive_by_trace ON ONLY job_archive (trace)",
)


@pytest.mark.parametrize("migration", NEW, ids=lambda migration: migration.name)
def test_it_only_adds_and_holds_up_nobody(migration: Migration) -> None:
    """Each that came since the release before keeps the rules, or says above a statement why it need not."""
    assert faults_of(migration) == []


@pytest.mark.parametrize("name", [migration.name for migration in migrations()])
def test_its_name_says_its_place_and_kind(name: str) -> None:
    """A number, what it is about, and whether it adds (`pre`) or cleans up (`post`)."""
    assert re.fullmatch(r"\d{4}_[a-z0-9_]+\.(pre|post)\.sql", name)


@pytest.mark.parametrize("text", REFUSED)
def test_what_breaks_or_blocks_is_refused(text: str) -> None:
    """Statements that the release before does not survive, or that hold a large table for long."""
    assert any(
        fault.startswith(REFUSED[text]) for fault in faults_of(Migration("9000_x.pre.sql", f"{text};\n"))
    )


@pytest.mark.parametrize("text", TAKEN)
def test_what_adds_is_taken(text: str) -> None:
    """What a migration needs there is a way for."""
    assert faults_of(Migration("9000_x.pre.sql", f"{text};\n")) == []


def test_cleaning_up_has_a_kind_of_its_own() -> None:
    """What nobody uses any more goes in a file that says so, and the run of the release before proves it."""
    text = "ALTER TABLE job DROP COLUMN trace;\nDROP FUNCTION tell(bigint);\n"

    assert faults_of(Migration("9000_x.post.sql", text)) == []
    assert faults_of(Migration("9000_x.post.sql", "ALTER TABLE job RENAME TO work;\n")) != []
