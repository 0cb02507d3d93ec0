"""Every statement in the name of an organization that it is not about: it tells and changes nothing."""

import asyncio
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import psycopg
import pytest
from pglast import ast, parse_sql
from psycopg import sql
from psycopg.conninfo import make_conninfo

from shared import ids
from shared.edge.opening import open_core
from shared.settings import Settings
from shared.store.queries import prepared
from tests.rights.estate import estate_of
from tests.support.api import api_of
from tests.support.bystander import Named, Statements, comparable, forget_organization, numbers
from tests.support.owners_aims import FIRST, own_aims
from tests.support.owners_parameters import aims, parameters
from tests.support.servers import Servers
from tests.support.sql_schema import Schema, called, nodes, read_schema
from tests.support.statements import sent_statements

OF_THE_OWNER = ("store/migrate", "backup/")
_OF_THE_SERVER = "reads what PostgreSQL knows of itself, its roles and its tables as a whole"
OF_NO_ORGANIZATION = {
    "doctor/clock: clock": "asks for the time",
    "doctor/database: connections": _OF_THE_SERVER,
    "doctor/database: growth": _OF_THE_SERVER,
    "doctor/database: job_table": _OF_THE_SERVER,
    "doctor/database: missing_partitions": _OF_THE_SERVER,
    "doctor/database: oldest_transactions": _OF_THE_SERVER,
    "doctor/database: server": _OF_THE_SERVER,
    "doctor/database: transaction_ids": _OF_THE_SERVER,
    "doctor/schema: open_tables": _OF_THE_SERVER,
    "doctor/schema: roles": _OF_THE_SERVER,
    "jobs/acts/choosing: new_act_id": "makes a number",
    "jobs/retention: old_partitions": _OF_THE_SERVER,
    "workflows/dependencies: lock_graph": "locks a number",
}
"""Statements that no organization's rows have a part in, and why."""
NEVER_FOR_AN_ORGANIZATION = {
    "tenants/organizations: create_organization": "makes one that was not there before",
}
"""Statements that any organization is refused by row-level security, and why."""


@dataclass(frozen=True)
class Aimed:
    """With what a statement does something for the owner. first: what makes the thing that it is about."""

    aim: Named
    first: str | None = None


@dataclass
class Pair:
    """Two databases with one bystander: one with the organization that is named, one where it never was."""

    with_it: Statements
    without: Statements
    owner: int
    bystander: int
    aims: list[Named]
    own_aims: Mapping[str, list[Named]]

    @cached_property
    def owners_numbers(self) -> set[str]:
        """The ids that only the organization that is named has."""
        return numbers(" ".join(self.with_it.rows_at_rest)) - numbers(" ".join(self.without.rows_at_rest))

    def aimed(self, name: str, text: str) -> Aimed | None:
        """How a statement does for the owner what it would not if the owner had never been; None: in no way.

        One that no organization may run is aimed well enough: that it is refused does not depend on any row.
        """
        first = FIRST.get(name.rpartition(" ")[2])
        for aim in self.own_aims.get(name, self.aims):
            ran = self.with_it.run(text, self.owner, aim, first)
            if ran.is_closed or ran.after != ran.before:
                return Aimed(aim, first)
            if not ran.refused:
                nowhere = self.without.run(text, self.owner, aim)
                if comparable(ran.said) != comparable(nowhere.said):
                    return Aimed(aim, first)
        return None


@pytest.fixture(scope="module")
def pair(servers: Servers, settings: Settings) -> Iterator[Pair]:
    name = f"bystander_{uuid.uuid4().hex}"
    url = servers.new_database(name)
    owner, bystander, named, aims, own = asyncio.run(_fill(settings.model_copy(update={"database_url": url})))
    other = make_conninfo(url, dbname=f"{name}_without")
    with psycopg.connect(make_conninfo(url, dbname="postgres"), autocommit=True) as server:
        copy = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        server.execute(copy.format(sql.Identifier(f"{name}_without"), sql.Identifier(name)))
    with psycopg.connect(url, autocommit=True) as first, psycopg.connect(other, autocommit=True) as second:
        forget_organization(second, owner)
        with_it = Statements(first, named)
        yield Pair(with_it, Statements(second, named), owner, bystander, aims, own)


async def _fill(settings: Settings) -> tuple[int, int, Named, list[Named], dict[str, list[Named]]]:
    """Two organizations that have everything, and parameters that name the things of the first."""
    core = await open_core(settings)
    async with api_of(core) as api:
        owner, bystander = await api.new_tenant(), await api.new_tenant()
        await estate_of(bystander)
        estate = await estate_of(owner)
        slug = (await owner.get(f"/organizations/{owner.org_id}"))["slug"]
    now = core.clock()
    await core.close()
    org_id = ids.decode("org", owner.org_id)
    named = parameters(estate, org_id, now)
    found = aims(estate, slug, now), own_aims(estate, now)
    return org_id, ids.decode("org", bystander.org_id), named, *found


@pytest.fixture(scope="module")
async def sent() -> dict[str, tuple[str, ...]]:
    """All but those that run in the name of the tables' owner, and serve nobody."""
    sent = await sent_statements()
    return {name: forms for name, forms in sent.items() if not name.startswith(OF_THE_OWNER)}


async def test_no_statement_tells_or_changes_anything_of_another_organization(
    sent: dict[str, tuple[str, ...]], pair: Pair
) -> None:
    """Each does something for its owner, and gives others what it would if the owner had never been."""
    told, changed, silent, mark = [], [], set(), f"({pair.owner},"
    for name, forms in sent.items():
        for text in forms:
            aimed = pair.aimed(name, text)
            if aimed is None:
                silent.add(name)
                aimed = Aimed({})
            ran = pair.with_it.run(text, pair.bystander, aimed.aim, aimed.first)
            nowhere = pair.without.run(text, pair.bystander, aimed.aim)
            is_another = comparable(ran.said) != comparable(nowhere.said)
            named = numbers(ran.said) & pair.owners_numbers - numbers(nowhere.said)
            if (is_another or named) and name not in OF_NO_ORGANIZATION:
                told.append((name, ran.said, nowhere.said))
            if any(mark in row for row in ran.before ^ ran.after):
                changed.append(name)

    assert told == []
    assert changed == []
    assert silent - set(OF_NO_ORGANIZATION) == set(NEVER_FOR_AN_ORGANIZATION)


async def test_what_is_said_of_statements_is_of_statements_that_there_are(
    sent: dict[str, tuple[str, ...]], pair: Pair, database_url: str
) -> None:
    """What is said to be of no organization names no table of theirs, and nothing is said of what is gone."""
    with psycopg.connect(database_url) as connection:
        schema = read_schema(connection)
    of_organizations = {
        name for name in OF_NO_ORGANIZATION for text in sent[name] if touches_organizations(schema, text)
    }

    assert of_organizations == set()
    assert set(pair.own_aims) - set(sent) == set()
    assert set(FIRST) - {name.rpartition(" ")[2] for name in sent} == set()


def touches_organizations(schema: Schema, text: str) -> bool:
    """Whether a statement names a table with organizations' rows, itself or by a function."""
    return any(
        (isinstance(node, ast.RangeVar) and schema.is_tenant(node.relname))
        or (isinstance(node, ast.FuncCall) and schema.touches_tenants(called(node)))
        for node in nodes(parse_sql(prepared(text).sql.decode()))
    )
