"""A backup is restored, or tried out: the restored database is counted against what was dumped."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

from psycopg import sql
from psycopg.conninfo import make_conninfo

from shared.backup.contents import QUERIES, Contents, Manifest, connect, digest_of, see_all
from shared.backup.dump import manifest_of
from shared.backup.errors import BackupError
from shared.backup.programs import Programs


def read_manifest(file: Path) -> Manifest:
    """What the dump is to have; raises BackupError for one that is damaged."""
    try:
        manifest = Manifest.read(manifest_of(file).read_bytes())
        digest = digest_of(file)
    except OSError as error:
        raise BackupError(f"{file} and {manifest_of(file).name} cannot be read: {error}") from error
    except ValueError as error:
        raise BackupError(
            f"{manifest_of(file)} cannot be read: it is not what `spooled backup` writes beside a dump."
        ) from error
    if digest != manifest.sha256:
        raise BackupError(f"{file} is damaged: its SHA-256 is not the one of {manifest_of(file).name}.")
    return manifest


def restore(file: Path, database_url: str, folders: Sequence[Path]) -> Manifest:
    """Put a dump into an empty database, and count it. The login becomes the owner of the tables.

    Raises BackupError when the database has tables, when it fails, with nothing left behind, and when the
    database does not get all that was dumped, with what it got.
    """
    manifest = read_manifest(file)
    with connect(database_url) as connection:
        server = connection.execute(QUERIES["server"].sql).fetchone()
        programs = Programs.find(folders, int((server or {})["version"]))
        if connection.execute(QUERIES["tables"].sql).fetchone():
            raise BackupError("The database has tables already: restore beside it, into an empty one.")
        connection.execute(QUERIES["role"].sql)
        try:
            programs.run("pg_restore", database_url, "--no-owner", "--single-transaction", file)
        except BackupError as error:
            raise BackupError(
                "Nothing was restored, and the database is as it was. Put right what is said here and run it"
                f" again, or take another backup: {error}"
            ) from error
        see_all(connection)
        lacking = Contents.of(connection).lacks(manifest.contents)
    if lacking:
        raise BackupError(
            f"Not all of it was restored: {'; '.join(lacking[:5])}. Do not go on with this database: restore"
            " another backup, into a new one."
        )
    return manifest


def try_out(file: Path, server_url: str, folders: Sequence[Path]) -> Manifest:
    """Restore into a database that is made for it on that server, count it, and drop it again."""
    with _scratch(server_url) as url:
        return restore(file, url, folders)


@contextmanager
def _scratch(server_url: str) -> Iterator[str]:
    name = f"spooled_check_{token_hex(4)}"
    with connect(server_url) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        try:
            yield make_conninfo(server_url, dbname=name)
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
