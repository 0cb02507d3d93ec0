"""The timer of lapsed leases: everyone's jobs come back, whatever is wrong with one of them."""

import psycopg

from functions.ticks.leases import run_once as tick
from shared import ids
from shared.core import Core
from tests.support.api import Tenant
from tests.support.clock import MovingClock

BUDGET = 10.0


async def _held(org: Tenant, queue: str, count: int = 1) -> list[str]:
    jobs = [(await org.push(queue))["id"] for _ in range(count)]
    await org.post(
        "/jobs/claim", {"queue_name": queue, "worker_id": "w", "limit": count, "lease_duration_secs": 5}
    )
    return jobs


async def test_lapsed_leases_come_back_without_a_claim(org: Tenant, core: Core, clock: MovingClock) -> None:
    """A job whose worker died waits for its next attempt, with the reason."""
    (job,) = await _held(org, "emails")
    clock.advance(seconds=6)

    await tick.run_once(core, clock(), BUDGET)
    await tick.run_once(core, clock(), BUDGET)

    seen = await org.job(job)
    assert (seen["status"], seen["retry_count"], seen["last_error"]) == ("pending", 1, "Lease expired")


async def test_a_poisoned_job_does_not_hold_up_the_rest(org: Tenant, core: Core, clock: MovingClock) -> None:
    """A job that cannot be moved keeps its lease; the others of its queue and the other queues come back."""
    poisoned, *beside = await _held(org, "bad", 3)
    (other,) = await _held(org, "good")
    key = ids.decode("job", poisoned)
    async with await psycopg.AsyncConnection.connect(core.settings.database_url, autocommit=True) as owner:
        await owner.execute(
            f"CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN IF new.id = {key} THEN RAISE 'poisoned'; END IF; RETURN new; END $$;"
            " CREATE TRIGGER refuse BEFORE UPDATE ON job FOR EACH ROW EXECUTE FUNCTION refuse()".encode()
        )
        clock.advance(seconds=6)
        try:
            counts = await tick.run_once(core, clock(), BUDGET)
        finally:
            await owner.execute("DROP FUNCTION refuse() CASCADE")

    assert counts["set_aside"] == 1
    assert (await org.job(poisoned))["status"] == "processing"
    assert {"pending"} == {(await org.job(job))["status"] for job in (*beside, other)}
