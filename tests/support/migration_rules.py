"""What a migration may do, while the release before it serves and a table has millions of rows.

The rules are those of squawk, a linter for migrations of PostgreSQL, and a few that it does not have.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from pglast import ast, parse_sql

from shared.store.migrate import Migration

NOT_OURS = {
    "require-lock-timeout": "whoever runs the migrations sets one",
    "require-statement-timeout": "what may take long holds no lock, and may",
    "prefer-bigint-over-int": "counts of attempts and the like stay small; ids are bigint",
    "prefer-bigint-over-smallint": "as that",
}
CLEANING_UP = {
    "ban-drop-column",
    "ban-drop-function",
    "ban-drop-not-null",
    "ban-drop-table",
    "ban-drop-trigger",
    "ban-drop-type",
    "ban-drop-view",
}
"""What `.post.sql` is for: it removes what the release before does not use any more."""
WHOLE_TABLE = {
    ast.ClusterStmt: "writes the table anew",
    ast.DeleteStmt: "is done in chunks, by a timer",
    ast.LockStmt: "holds up everybody",
    ast.MergeStmt: "is done in chunks, by a timer",
    ast.TruncateStmt: "takes what the release before may read",
    ast.UpdateStmt: "is done in chunks, by a timer",
    ast.VacuumStmt: "is autovacuum's",
}


def faults_of(migration: Migration) -> list[str]:
    """Each rule that is broken, and why it is one."""
    allowed = CLEANING_UP if migration.name.endswith(".post.sql") else set()
    found = [
        f"{one['rule_name']} (line {one['line'] + 1}): {one['message']}"
        for one in _said_by_squawk(migration)
        if one["rule_name"] not in allowed and not _is_quick(migration, one)
    ]
    for raw in parse_sql(migration.text):
        reason = WHOLE_TABLE.get(type(raw.stmt))
        if reason:
            found.append(f"{type(raw.stmt).__name__}: {reason}")
    return found


def _is_quick(migration: Migration, finding: dict[str, Any]) -> bool:
    """An index of a partitioned table alone is an entry in a list; those of partitions are built beside."""
    lines = migration.text.splitlines()[finding["line"] : finding["line_end"] + 1]
    is_alone = " ON ONLY " in " ".join(lines) and bool(migration.parts)
    return is_alone and finding["rule_name"] == "require-concurrent-index-creation"


def _said_by_squawk(migration: Migration) -> list[dict[str, Any]]:
    options = [option for rule in NOT_OURS for option in ("--exclude", rule)]
    together = "--no-assume-in-transaction" if migration.parts else "--assume-in-transaction"
    linted = subprocess.run(
        [
            str(Path(sys.executable).with_name("squawk")),
            "--pg-version=15",
            "--reporter=json",
            together,
            f"--stdin-filepath={migration.name}",
            *options,
        ],
        input=migration.text,
        capture_output=True,
        text=True,
        check=False,
    )
    found: list[dict[str, Any]] = json.loads(linted.stdout)
    return found
