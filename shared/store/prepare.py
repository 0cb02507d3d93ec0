"""What a deployment does to the database before any function runs on it."""

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from shared.settings import Settings
from shared.store.migrate import migrate

_ROLES = ("spooled_app", "spooled_system")


async def prepare_database(settings: Settings) -> list[str]:
    """Bring the schema up to date, and let the functions' login in where it is not the owner's.

    Returns the names of the migrations that ran. Safe to run again.
    """
    ran = await migrate(settings.owner_database_url or settings.database_url)
    if settings.owner_database_url:
        await _let_in(settings.owner_database_url, settings.database_url)
    return ran


async def _let_in(owner_url: str, database_url: str) -> None:
    """Make the login of a URL, or give it that URL's password: it may take the two roles and owns nothing."""
    parts = conninfo_to_dict(database_url)
    name, password = str(parts["user"]), str(parts["password"])
    async with await psycopg.AsyncConnection.connect(owner_url) as connection:
        # A verifier in place of the password: statements end up in logs.
        verifier = connection.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256")
        found = await (
            await connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (name,))
        ).fetchone()
        change = sql.SQL(
            "ALTER ROLE {} LOGIN PASSWORD {}" if found else "CREATE ROLE {} LOGIN NOINHERIT PASSWORD {}"
        )
        await connection.execute(change.format(sql.Identifier(name), sql.Literal(verifier.decode())))
        roles = sql.SQL(", ").join(map(sql.Identifier, _ROLES))
        await connection.execute(sql.SQL("GRANT {} TO {}").format(roles, sql.Identifier(name)))
