"""A backup is made: a dump of one instant, with what is in it written beside."""

import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from psycopg import IsolationLevel

from shared.backup.contents import QUERIES, Contents, Manifest, connect, digest_of, see_all
from shared.backup.errors import BackupError
from shared.backup.programs import Programs
from shared.version import VERSION


def manifest_of(file: Path) -> Path:
    """Where what is in a dump stands."""
    return file.with_name(f"{file.name}.json")


def make_backup(database_url: str, file: Path, folders: Sequence[Path]) -> Manifest:
    """Write a dump and its manifest, for the owner of the files alone; neither may be there.

    All is of one instant, while the service goes on. A dump that could lack rows is not made: BackupError.
    The URL is that of the owner of the tables, or of a superuser, without a pooler between.
    """
    unfinished = file.with_name(f"{file.name}.part")
    for taken in (file, manifest_of(file), unfinished):
        if taken.exists():
            raise BackupError(f"{taken} is there already, and is not overwritten: choose another name.")
    with connect(database_url) as connection:
        server = connection.execute(QUERIES["server"].sql).fetchone()
        version = int((server or {})["version"])
        programs = Programs.find(folders, version)
        options = [] if see_all(connection) else ["--role=spooled_backup", "--enable-row-security"]
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        _take_for_us_alone(unfinished)
        try:
            with connection.transaction():
                row = connection.execute(QUERIES["snapshot"].sql).fetchone()
                made_at = datetime.now(UTC).isoformat()
                programs.run(
                    "pg_dump",
                    database_url,
                    "--format=custom",
                    f"--snapshot={(row or {})['snapshot']}",
                    f"--file={unfinished}",
                    *options,
                )
                contents = Contents.of(connection)
            manifest = Manifest(made_at, VERSION, version, digest_of(unfinished), contents)
            _write(manifest_of(file), json.dumps(manifest.document(), indent=1))
            unfinished.rename(file)
        finally:
            unfinished.unlink(missing_ok=True)
    return manifest


def _take_for_us_alone(file: Path) -> None:
    """Make it. What is there already may be read, or written, by somebody else."""
    os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _write(file: Path, text: str) -> None:
    _take_for_us_alone(file)
    file.write_text(f"{text}\n", encoding="utf-8")
