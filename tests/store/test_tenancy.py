"""Tenants are apart: by every key of the schema, by row-level security, and by every query on its own."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import psycopg
import pytest
from psycopg import sql

import shared
from functions.app import every_function
from shared.core import Core
from shared.edge.opening import open_core
from shared.edge.service import Service
from shared.settings import Settings
from shared.store import load_queries
from tests.support.api import Api
from tests.support.clock import MovingClock
from tests.support.servers import Servers

Connection = psycopg.AsyncConnection
A, B = 1001, 1002
DIRECTORY = {
    "organization_slug_unique": "a slug names an organization before anybody knows its id",
    "api_key_hash_unique": "a key is looked up by its hash before anybody knows its organization",
    "organization_stripe_customer_unique": "an event of Stripe names its customer and nothing else",
}
"""Keys that find the organization and so cannot begin with it."""
DIRECTORY_QUERIES = {
    "slugs.sql: taken_slugs": "asked before there is an organization, so of all of them",
    "figures.sql: unfinished": "a fragment: who fills it in says whose jobs are counted",
    "figures.sql: of_jobs": "a fragment of statements that name the organization",
}
PEOPLE = {"app_user", "email_code", "signup_token"}
"""Known before there is an organization, and beyond one: only the system's role sees them."""
OF_THE_SERVICE = {"job_measure", "job_measure_mark", "measured_queue", "signing_secret", "timer_beat"}
"""What timers note of themselves and count of all: as above."""
WITHOUT_ORGANIZATION = {"schema_migration"} | PEOPLE | OF_THE_SERVICE
SAMPLES = {
    "bigint": "1",
    "integer": "1",
    "smallint": "1",
    "double precision": "1",
    "numeric": "1",
    "boolean": "true",
    "text": "x",
    "uuid": "00000000-0000-0000-0000-000000000001",
    "date": "2026-03-01",
    "timestamp with time zone": "2026-03-01T12:00:00Z",
    "json": "{}",
    "jsonb": "{}",
    "bytea": "\\x00",
    "text[]": "{}",
    "bigint[]": "{}",
    "integer[]": "{}",
}


@pytest.fixture(scope="module")
def own_database(servers: Servers) -> str:
    """A database whose constraints these tests may take away."""
    return servers.new_database(f"tenancy_{uuid.uuid4().hex}")


@pytest.fixture
async def owner(own_database: str) -> AsyncIterator[Connection]:
    async with await Connection.connect(own_database, autocommit=True) as connection:
        yield connection


@pytest.fixture
async def filled(own_database: str) -> AsyncIterator[Connection]:
    """One row of each of two organizations in every tenant table, undone afterwards."""
    async with await Connection.connect(own_database) as connection:
        await drop_constraints(connection)
        for table in await tenant_tables(connection, partitions=False):
            for org_id in (A, B):
                await insert_sample(connection, table, org_id)
        yield connection
        await connection.rollback()


async def names(connection: Connection, query: str) -> list[str]:
    return [name for (name,) in await (await connection.execute(query)).fetchall()]


async def tenant_tables(connection: Connection, *, partitions: bool = True) -> list[str]:
    tables = await names(
        connection,
        "SELECT relname FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid"
        " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND attname = 'org_id'"
        + ("" if partitions else " AND NOT relispartition")
        + " ORDER BY relname",
    )
    assert {"organization", "api_key", "queue", "job", "job_archive", "idempotency_key"} <= set(tables)
    return tables


async def drop_constraints(connection: Connection) -> None:
    """What a sample row need not fulfil: checks and references."""
    cursor = await connection.execute(
        "SELECT conrelid::regclass::text, conname FROM pg_constraint"
        " WHERE connamespace = 'public'::regnamespace AND contype IN ('c', 'f')"
        " AND coninhcount = 0 AND conparentid = 0"
    )
    for table, constraint in await cursor.fetchall():
        statement = sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}")
        await connection.execute(statement.format(sql.Identifier(table), sql.Identifier(constraint)))


async def insert_sample(connection: Connection, table: str, org_id: int) -> None:
    columns = await (
        await connection.execute(
            "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute"
            " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''"
            " AND attidentity = '' AND attname <> 'org_id' AND attnotnull AND NOT atthasdef",
            (table,),
        )
    ).fetchall()
    values = {"org_id": str(org_id)} | {name: SAMPLES[kind] for name, kind in columns}
    if table == "organization":
        values["slug"] = f"org-{org_id}"
    if table == "api_key":
        values["key_hash"] = f"\\x{org_id}"
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, values)),
        sql.SQL(", ").join(map(sql.Literal, values.values())),
    )
    await connection.execute(statement)


async def become(connection: Connection, role: str, org_id: int | None = None) -> None:
    await connection.execute("SELECT set_config('role', %s, true)", (role,))
    await connection.execute(
        "SELECT set_config('spooled.org_id', %s, true)", ("" if org_id is None else str(org_id),)
    )


async def seen(connection: Connection, table: str) -> list[int]:
    cursor = await connection.execute(
        sql.SQL("SELECT org_id FROM {} WHERE org_id IN ({}, {}) ORDER BY org_id").format(
            sql.Identifier(table), A, B
        )
    )
    return [org_id for (org_id,) in await cursor.fetchall()]


async def refused(connection: Connection, statement: sql.Composable | str) -> bool:
    """Whether the database denies a statement for want of rights."""
    try:
        async with connection.transaction():
            await connection.execute(statement)
    except psycopg.errors.InsufficientPrivilege:
        return True
    return False


async def test_row_level_security_is_on_and_forced(owner: Connection) -> None:
    """Every table with an organization holds its readers and its owner to policies, partitions too."""
    unprotected = await names(
        owner,
        "SELECT relname FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid"
        " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND attname = 'org_id'"
        " AND NOT (relrowsecurity AND relforcerowsecurity)",
    )

    assert unprotected == []


async def test_a_table_without_organization_is_named_here(owner: Connection) -> None:
    """No table holds rows of all organizations without a column that says whose they are."""
    tables = await names(
        owner,
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')",
    )

    assert set(tables) - set(await tenant_tables(owner)) == WITHOUT_ORGANIZATION


async def test_people_are_seen_by_the_system_alone(filled: Connection) -> None:
    """What is about a person and no organization is closed to the role that requests run in."""
    await become(filled, "spooled_app", A)
    for table in sorted(PEOPLE | OF_THE_SERVICE):
        assert await refused(filled, sql.SQL("SELECT FROM {}").format(sql.Identifier(table))), table
        assert await refused(filled, sql.SQL("DELETE FROM {}").format(sql.Identifier(table))), table
    await become(filled, "spooled_system")
    for table in sorted(PEOPLE | OF_THE_SERVICE):
        await filled.execute(sql.SQL("SELECT FROM {}").format(sql.Identifier(table)))


async def test_the_applications_role_has_one_policy(owner: Connection) -> None:
    """On each table the application is held to its organization for reading and writing, by nothing else."""
    cursor = await owner.execute(
        "SELECT tablename, array_agg(qual || ' / ' || with_check), bool_and(cmd = 'ALL') FROM pg_policies"
        " WHERE 'spooled_app' = ANY(roles) OR 'public' = ANY(roles) GROUP BY tablename"
    )
    rule = "(org_id = current_org()) / (org_id = current_org())"

    assert sorted(await cursor.fetchall()) == [
        (table, [rule], True) for table in sorted(await tenant_tables(owner))
    ]


async def test_every_key_begins_with_the_organization(owner: Connection) -> None:
    """Primary, unique and foreign keys start with org_id, so that the schema can be distributed by it."""
    loose_keys = await names(
        owner,
        "SELECT index.relname FROM pg_index JOIN pg_class AS index ON index.oid = indexrelid"
        " JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]"
        " WHERE index.relnamespace = 'public'::regnamespace AND indisunique AND attname <> 'org_id'"
        f" AND indrelid::regclass::text <> ALL('{{{','.join(WITHOUT_ORGANIZATION)}}}')",
    )
    loose_references = await names(
        owner,
        "SELECT conname FROM pg_constraint"
        " JOIN pg_attribute AS here ON here.attrelid = conrelid AND here.attnum = conkey[1]"
        " JOIN pg_attribute AS there ON there.attrelid = confrelid AND there.attnum = confkey[1]"
        " WHERE contype = 'f' AND (here.attname <> 'org_id' OR there.attname <> 'org_id')",
    )

    assert set(loose_keys) == set(DIRECTORY)
    assert loose_references == []


async def test_a_query_that_forgets_the_organization_sees_its_own_alone(filled: Connection) -> None:
    """In the name of one organization each table shows that one's rows; in nobody's name none."""
    tables = await tenant_tables(filled, partitions=False)
    everything = {table: await seen(filled, table) for table in tables}
    await become(filled, "spooled_app", A)
    own = {table: await seen(filled, table) for table in tables}
    await become(filled, "spooled_app")
    nothing = {table: await seen(filled, table) for table in tables}
    await become(filled, "spooled_system")
    timers = {table: await seen(filled, table) for table in tables}

    assert everything == {key: [A, B] for key in tables}
    assert own == {key: [A] for key in tables}
    assert nothing == {key: [] for key in tables}
    assert timers == {key: [A, B] for key in tables}


async def test_a_write_that_forgets_the_organization_changes_its_own_alone(filled: Connection) -> None:
    """An UPDATE and a DELETE without a filter leave the other organization's rows as they are."""
    tables = await tenant_tables(filled, partitions=False)
    await become(filled, "spooled_app", A)
    for table in tables:
        changed = await filled.execute(sql.SQL("UPDATE {} SET org_id = org_id").format(sql.Identifier(table)))
        removed = await filled.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
        assert (changed.rowcount, removed.rowcount) == (1, 1), table
    await become(filled, "spooled_system")

    assert {table: await seen(filled, table) for table in tables} == {key: [B] for key in tables}


async def test_no_row_is_written_in_anothers_name(filled: Connection) -> None:
    """Neither can one organization make a row of another, nor give it one of its own."""
    await become(filled, "spooled_app", A)
    for table in await tenant_tables(filled, partitions=False):
        taken = sql.SQL("UPDATE {} SET org_id = 1003").format(sql.Identifier(table))
        assert await refused(filled, taken), table
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            async with filled.transaction():
                await insert_sample(filled, table, 1003)


async def test_a_partition_is_no_way_around(filled: Connection) -> None:
    """The partitions of the archive hold their readers to their organization when read by name."""
    await become(filled, "spooled_app", A)
    partitions = set(await tenant_tables(filled)) - set(await tenant_tables(filled, partitions=False))

    assert partitions
    assert [B in await seen(filled, partition) for partition in partitions] == [False] * len(partitions)


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE job DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE job NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY tenant ON job",
        "CREATE POLICY free ON job USING (true)",
        "ALTER POLICY tenant ON job USING (true)",
        "TRUNCATE job",
        "DROP TABLE job",
        "ALTER TABLE job OWNER TO spooled_app",
        "GRANT spooled_system TO spooled_app",
        "CREATE TABLE copy AS SELECT * FROM job",
        "CREATE VIEW copy AS SELECT * FROM job",
        "CREATE FUNCTION free() RETURNS int LANGUAGE sql RETURN 1",
        "CREATE OR REPLACE FUNCTION current_org() RETURNS bigint LANGUAGE sql RETURN 1",
        "CREATE SCHEMA elsewhere",
        "CREATE ROLE somebody",
        "ALTER ROLE spooled_app BYPASSRLS",
        "SELECT * FROM schema_migration",
        "SELECT ensure_archive_partition('2030-01-01')",
        "SELECT drop_archive_partition('2030-01-01', now())",
        "COPY job TO PROGRAM 'cat'",
        "SELECT pg_read_file('postgresql.conf')",
    ],
)
@pytest.mark.parametrize("role", ["spooled_app", "spooled_system"])
async def test_no_role_of_the_service_can_take_the_walls_down(
    filled: Connection, role: str, statement: str
) -> None:
    """The roles read and write rows; they change no table, policy, function or right."""
    await become(filled, role, A)
    allowed_to_timers = role == "spooled_system" and "archive_partition" in statement

    assert await refused(filled, statement) is not allowed_to_timers


def test_every_query_on_a_tenants_table_names_the_organization() -> None:
    """The first wall: no query leaves it to row-level security alone to tell organizations apart."""
    tables = {"organization", "api_key", "queue", "job", "job_archive", "idempotency_key"}
    forgetful = [
        f"{path.name}: {query.name}"
        for path in sorted(Path(shared.__file__).parent.rglob("*.sql"))
        if "migrations" not in path.parts
        for query in load_queries(str(path))
        if tables.intersection(query.sql.split()) and "org_id" not in query.sql
        if not query.name.startswith("where_")
    ]

    assert set(forgetful) == set(DIRECTORY_QUERIES)


async def test_the_queries_alone_keep_organizations_apart(
    servers: Servers, settings: Settings, clock: MovingClock
) -> None:
    """With row-level security taken away another organization still finds nothing and changes nothing."""
    open_database = servers.new_database(f"tenancy_{uuid.uuid4().hex}")
    async with await Connection.connect(open_database, autocommit=True) as owner:
        for table in await tenant_tables(owner):
            await owner.execute(
                sql.SQL("ALTER TABLE {} DISABLE ROW LEVEL SECURITY").format(sql.Identifier(table))
            )
    core = replace(await open_core(settings.model_copy(update={"database_url": open_database})), clock=clock)

    async def opened() -> Core:
        return core

    transport = httpx.ASGITransport(Service(every_function()[0], opened))
    async with httpx.AsyncClient(transport=transport, base_url="http://spooled") as client:
        api = Api(client)
        org, other = await api.new_tenant(), await api.new_tenant()
        dead = await org.bury()
        job = await org.push(idempotency_key="order-1")
        await org.dequeue()
        waiting = await org.push()

        assert await other.get("/jobs") == []
        assert await other.get("/queues") == []
        assert await other.dequeue() is None
        for target in (dead, job, waiting):
            await other.job(target["id"], 404)
            await other.delete(f"/jobs/{target['id']}", 404)
            await other.post(f"/jobs/{target['id']}/fail", {"error": "x"}, 404)
            for verb in ("complete", "retry", "heartbeat", "release"):
                await other.post(f"/jobs/{target['id']}/{verb}", {}, 404)
        await other.get("/queues/emails", status=404)
        await other.get("/queues/emails/stats", status=404)
        await other.delete("/queues/emails?delete_jobs=true", 404)
        await other.post("/queues/emails/pause", {}, 404)
        mine = await other.push(idempotency_key="order-1")
        assert mine["id"] != job["id"]
        assert len(await org.get("/jobs")) == 3
    await core.close()
