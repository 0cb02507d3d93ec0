"""What was acknowledged is on the disk: only the commit of a claim by itself need not wait for it."""

from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest

from shared.settings import Settings
from tests.support.api import Tenant

NEXT = {"queue": "emails"}
NOTING = """
    CREATE TABLE noted_commit (place bigserial, synchronous_commit text);
    CREATE FUNCTION note_commit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN
        INSERT INTO noted_commit (synchronous_commit) VALUES (current_setting('synchronous_commit'));
        RETURN NULL;
    END
    $$;
    CREATE CONSTRAINT TRIGGER noted AFTER INSERT OR UPDATE OR DELETE ON job
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note_commit();
"""
FORGETTING = "DROP TRIGGER noted ON job; DROP FUNCTION note_commit; DROP TABLE noted_commit"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """A server as it is in production, where the one of the tests waits for nothing."""
    url = f"{settings.database_url}?options=-c%20synchronous_commit%3Don"
    return settings.model_copy(update={"database_url": url})


class Commits:
    """How the transactions that changed a job were committed, looked at as each of them ends."""

    def __init__(self, sql: psycopg.AsyncConnection[Any]) -> None:
        self._sql = sql

    async def since(self) -> set[str]:
        """The setting `synchronous_commit` of those since it was asked for last."""
        cursor = await self._sql.execute("DELETE FROM noted_commit RETURNING synchronous_commit")
        return {setting for (setting,) in await cursor.fetchall()}


@pytest.fixture
async def commits(database_url: str) -> AsyncIterator[Commits]:
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as sql:
        await sql.execute(NOTING)
        yield Commits(sql)
        await sql.execute(FORGETTING)


async def test_a_claim_by_itself_does_not_wait_for_the_disk(org: Tenant, commits: Commits) -> None:
    """One that is lost in a crash is claimed again; a job that was made is there."""
    await org.push()
    assert await commits.since() == {"on"}

    assert await org.dequeue()

    assert await commits.since() == {"off"}


@pytest.mark.parametrize("is_batch", [False, True], ids=["one", "batch"])
async def test_a_claim_with_a_completion_waits_for_it(
    org: Tenant,
    commits: Commits,
    is_batch: bool,  # noqa: FBT001
) -> None:
    """What a worker is told is done stays done, though its next job comes in the same transaction."""
    await org.push()
    await org.push()
    job = await org.dequeue()
    await commits.since()
    hold = {"lease_id": job["lease_id"]}

    if is_batch:
        answer = await org.post("/jobs/complete", {"jobs": [hold | {"id": job["id"]}], "claim_next": NEXT})
    else:
        answer = await org.post(f"/jobs/{job['id']}/complete", hold | {"claim_next": NEXT})

    assert len(answer["next"]) == 1
    assert await commits.since() == {"on"}


@pytest.mark.parametrize("verb", ["complete", "fail"])
async def test_a_settle_behind_a_claim_waits_for_it(org: Tenant, commits: Commits, verb: str) -> None:
    """What a claim left out is left out for it alone: the next transaction of its connection waits."""
    await org.push()
    job = await org.dequeue()
    await commits.since()

    await org.post(f"/jobs/{job['id']}/{verb}", {"lease_id": job["lease_id"], "error": "broken"})

    assert await commits.since() == {"on"}
