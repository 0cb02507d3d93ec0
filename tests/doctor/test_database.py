"""What the doctor says of a database: sound, gone, silent, half migrated, open."""

import asyncio
from collections.abc import Callable
from time import monotonic

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from shared.store.migrate import known_migrations
from tests.support.doctor import levels, look
from tests.support.run import free_port

Environment = dict[str, str]


async def test_a_sound_database_passes(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one that was just migrated nothing is to be mended, and the figures are those of the server."""
    monkeypatch.setattr("shared.doctor.database._SLOW_SECONDS", 5)
    found = await look("database", environment=environment)

    assert set(levels(found).values()) == {"ok"}
    assert found["database reachable"].found.startswith("PostgreSQL ")
    assert found["database migrations"].found.startswith("all ")
    assert all(finding.command == "" for finding in found.values())


async def test_a_database_that_is_stopped_fails_and_the_rest_is_skipped(environment: Environment) -> None:
    """It says why it cannot be reached, without the password, and how to try."""
    password = environment["DATABASE_URL"].partition("@")[0].rpartition(":")[2]
    environment["DATABASE_URL"] = f"postgresql://spooled:{password}@127.0.0.1:{free_port()}/spooled"

    found = await look("database", "timers", "webhooks", "clock", environment=environment)

    reachable = found.pop("database reachable")
    assert (str(reachable.level), "refused" in reachable.found) == ("failed", True)
    assert reachable.command.startswith("psql ")
    assert set(levels(found).values()) == {"skipped"}
    assert password not in str([reachable, *found.values()])


async def test_a_server_that_never_answers_is_not_waited_for(environment: Environment) -> None:
    """One that takes the connection and says nothing costs the time of one check."""
    held = []
    silent = await asyncio.start_server(lambda *line: held.append(line), "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    environment |= {
        "DATABASE_URL": f"postgresql://spooled:x@127.0.0.1:{port}/spooled",
        "REDIS_URL": f"redis://127.0.0.1:{port}/0",
    }
    begun = monotonic()

    found = await look("database", "redis", environment=environment, seconds=0.3)

    assert monotonic() - begun < 5
    assert found["database reachable"].found == found["redis reachable"].found == "no answer in 0.3 s"
    assert levels(found)["database migrations"] == levels(found)["redis memory"] == "skipped"
    for _, writer in held:
        writer.close()
    silent.close()


async def test_migrations_that_are_pending_changed_or_unknown_are_named(
    environment: Environment, own_database: Callable[[], str]
) -> None:
    """Pending and changed ones fail, a schema of a later version warns, and an empty database is told."""
    environment["DATABASE_URL"] = url = own_database()
    newest = max(known_migrations())

    async def said_after(statement: str) -> tuple[str, str]:
        with psycopg.connect(url, autocommit=True) as owner:
            owner.execute(statement)
        finding = (await look("database", environment=environment))["database migrations"]
        return str(finding.level), finding.found

    later = await said_after("INSERT INTO schema_migration (name, digest) VALUES ('9999_later.pre.sql', '')")
    pending = await said_after(f"DELETE FROM schema_migration WHERE name = '{newest}'")
    changed = await said_after("UPDATE schema_migration SET digest = 'x' WHERE name = '0001_tenants.pre.sql'")
    none = await said_after("DROP TABLE schema_migration")

    assert later == ("warning", "9999_later.pre.sql not known here: the database is of a later version")
    assert pending[0] == "failed"
    assert pending[1].startswith(f"1 is pending: {newest}")
    assert changed == ("failed", "0001_tenants.pre.sql had another text when applied")
    assert none == ("failed", "none was ever applied here")


async def test_a_table_without_its_wall_is_named(
    environment: Environment, own_database: Callable[[], str]
) -> None:
    """Row-level security that is not forced, or gone, fails."""
    environment["DATABASE_URL"] = url = own_database()
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute("ALTER TABLE job NO FORCE ROW LEVEL SECURITY")
        owner.execute("ALTER TABLE queue DISABLE ROW LEVEL SECURITY")

    found = (await look("database", environment=environment))["database row level security"]

    assert (str(found.level), found.found) == ("failed", "it is not forced on job and queue")
    assert "CALL protect_tenant_table('job')" in found.command


async def test_a_login_without_the_roles_fails_and_one_that_owns_warns(
    environment: Environment, own_database: Callable[[], str]
) -> None:
    """Who may take neither role can serve no request; in production the login is to own nothing."""
    url = own_database()
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute("CREATE ROLE doctor_stranger LOGIN NOINHERIT PASSWORD 'stranger'")
    try:
        stranger = make_conninfo(url, user="doctor_stranger", password="stranger")
        parts = psycopg.conninfo.conninfo_to_dict(stranger)
        stranger = "postgresql://{user}:{password}@{host}:{port}/{dbname}".format(**parts)

        seen = await look("database", environment=environment | {"DATABASE_URL": stranger})
        with_owner = await look(
            "database", environment=environment | {"DATABASE_URL": stranger, "OWNER_DATABASE_URL": url}
        )
    finally:
        with psycopg.connect(url, autocommit=True) as owner:
            owner.execute("DROP ROLE doctor_stranger")
    owning = (
        await look(
            "database", environment=environment | {"SPOOLED_ENV": "production", "SECRET_KEY": "x" * 32}
        )
    )["database roles"]

    assert levels(seen)["database migrations"] == "skipped"
    assert levels(with_owner)["database migrations"] == "ok"
    assert (levels(seen)["database roles"], str(owning.level)) == ("failed", "warning")
    assert (
        seen["database roles"].found == "the login doctor_stranger cannot take spooled_app and spooled_system"
    )
    assert "owns the tables" in owning.found


async def test_what_holds_back_vacuum_is_named(
    environment: Environment, own_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An open transaction is found with its age, and the command that ends it."""
    monkeypatch.setattr("shared.doctor.database._LONG_SECONDS", 0)
    environment["DATABASE_URL"] = url = own_database()
    with psycopg.connect(url) as holder:
        holder.execute("SELECT count(*) FROM job")
        found = (await look("database", environment=environment))["database long transactions"]
        pid = holder.info.backend_pid

    assert str(found.level) == "warning"
    assert f"idle in transaction {pid} (" in found.found
    assert "pg_terminate_backend(" in found.command


async def test_missing_partitions_and_few_connections_are_told(
    environment: Environment, own_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without tomorrow's partition its jobs would go where no partition is dropped."""
    monkeypatch.setattr("shared.doctor.database._NEARLY_FULL", 0.0)
    environment["DATABASE_URL"] = url = own_database()
    with psycopg.connect(url, autocommit=True) as owner:
        days = owner.execute(
            "SELECT relname FROM pg_class WHERE relname ~ '^job_archive_[0-9]{8}$' AND relkind = 'r'"
        ).fetchall()
        for (day,) in days:
            owner.execute(f"DROP TABLE {day}".encode())

    found = await look("database", environment=environment)

    assert days
    assert levels(found)["database partitions"] == "failed"
    assert levels(found)["database connections"] == "warning"
    assert " of " in found["database connections"].found
