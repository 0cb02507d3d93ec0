"""Which tables a claim opens."""

from shared import ids
from shared.core import Core
from shared.jobs.claim import Claim
from shared.jobs.claiming import claiming
from shared.store import Query
from shared.tenants.caller import Caller
from tests.support.api import Tenant

OPENED = Query(
    "opened_archives",
    "SELECT count(*) AS count FROM pg_locks JOIN pg_class ON pg_class.oid = pg_locks.relation"
    " WHERE pg_locks.pid = pg_backend_pid() AND pg_class.relname LIKE 'job_archive%'",
    hot=False,
)


async def test_a_claim_that_follows_nothing_opens_no_archive(core: Core, org: Tenant) -> None:
    """A partition for each day that is kept would be locked, and planned for, by every connection."""
    caller = Caller(org_id=ids.decode("org", org.org_id), key_id=1)
    statement = claiming(core, caller, Claim("emails", "w1"), core.clock()).statement

    async with core.store.transaction(caller.scope, hot=True) as transaction:
        await transaction.fetch(statement.query, **statement.parameters)
        opened = await transaction.fetch_one(OPENED)

    assert opened == {"count": 0}
