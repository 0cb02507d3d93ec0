"""Every statement in the name of an organization that it is not about: it tells and changes nothing."""

import asyncio
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from shared import ids
from shared.edge.opening import open_core
from shared.settings import Settings
from tests.rights.estate import estate_of
from tests.support.api import api_of
from tests.support.bystander import Named, Statements, comparable, forget_organization
from tests.support.owners_parameters import aims, parameters
from tests.support.servers import Servers
from tests.support.statements import sent_statements

OF_THE_WHOLE = {"doctor/database: job_table", "doctor/database: transaction_ids"}
"""What PostgreSQL counts of a whole table or server, which a doctor reads and no request."""
NOTHING = {"[]", "[(0,)]", "[(False,)]", "[(None,)]"}
"""What a statement gives that has found nothing."""
OF_THE_OWNER = ("store/migrate", "backup/")
MOST_SILENT = 0.25
"""Of all statements: those that do nothing for the owner either show nothing by doing nothing for others."""


@dataclass(frozen=True)
class Pair:
    """Two databases with one bystander: one with the organization that is named, one where it never was."""

    with_it: Statements
    without: Statements
    before: set[str]
    owner: int
    bystander: int
    aims: list[Named]

    def aim(self, text: str) -> tuple[Named, bool]:
        """With what a statement does something for the owner, and whether there is anything like that."""
        for aim in self.aims:
            said, rows = self.with_it.run(text, "spooled_app", self.owner, aim)
            if said not in NOTHING or rows != self.before:
                return aim, True
        return {}, False


@pytest.fixture(scope="module")
def pair(servers: Servers, settings: Settings) -> Iterator[Pair]:
    name = f"bystander_{uuid.uuid4().hex}"
    url = servers.new_database(name)
    owner, bystander, named, aims = asyncio.run(_fill(settings.model_copy(update={"database_url": url})))
    other = make_conninfo(url, dbname=f"{name}_without")
    with psycopg.connect(make_conninfo(url, dbname="postgres"), autocommit=True) as server:
        copy = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        server.execute(copy.format(sql.Identifier(f"{name}_without"), sql.Identifier(name)))
    with psycopg.connect(url, autocommit=True) as first, psycopg.connect(other, autocommit=True) as second:
        forget_organization(second, owner)
        with_it = Statements(first, named)
        _, before = with_it.run("SELECT 1", "spooled_app", owner, {})
        yield Pair(with_it, Statements(second, named), before, owner, bystander, aims)


async def _fill(settings: Settings) -> tuple[int, int, Named, list[Named]]:
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
    return org_id, ids.decode("org", bystander.org_id), named, aims(estate, slug, now)


@pytest.fixture(scope="module")
async def sent() -> dict[str, tuple[str, ...]]:
    """All but those that run in the name of the tables' owner, and serve nobody."""
    sent = await sent_statements()
    return {name: forms for name, forms in sent.items() if not name.startswith(OF_THE_OWNER)}


async def test_no_statement_tells_or_changes_anything_of_another_organization(
    sent: dict[str, tuple[str, ...]], pair: Pair
) -> None:
    """Each gives what it would give if the other had never been, and leaves its rows as they are."""
    told, changed, silent, mark = [], [], set(sent), f"({pair.owner},"
    of_owner = {row for row in pair.before if mark in row}
    for name, forms in sent.items():
        for text in forms:
            aim, does_something = pair.aim(text)
            said, rows = pair.with_it.run(text, "spooled_app", pair.bystander, aim)
            nowhere, _ = pair.without.run(text, "spooled_app", pair.bystander, aim)
            if comparable(said) != comparable(nowhere) and name not in OF_THE_WHOLE:
                told.append((name, said, nowhere))
            if {row for row in rows if mark in row} != of_owner:
                changed.append(name)
            if does_something:
                silent.discard(name)

    assert told == []
    assert changed == []
    assert len(silent) < MOST_SILENT * len(sent), sorted(silent)
