"""How long a job waits after a failure, whatever its queue says; and when it does not wait at all."""

import random
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared import ids
from shared.core import Core
from shared.jobs.cancel import expire_jobs
from shared.jobs.claim import Claim, claim_due
from shared.jobs.enqueue import NewJob, enqueue_jobs
from shared.jobs.refusal import Hold
from shared.jobs.settle import Failure, fail_jobs
from shared.tenants.caller import Caller
from tests.support.api import Tenant
from tests.support.clock import MovingClock
from tests.support.effort import examples

JITTER = 0.5


@examples(12)
@given(
    delay=st.integers(0, 3600),
    multiplier=st.sampled_from([1, 1.5, 2, 10, 100]),
    longest=st.integers(0, 86_400),
    failures=st.integers(1, 8),
)
async def test_each_failure_waits_as_its_queue_says(
    org: Tenant, core: Core, delay: int, multiplier: float, longest: int, failures: int
) -> None:
    """The n-th wait is `delay * multiplier ** (n - 1)`, at most the ceiling, plus up to half a second."""
    queue = f"q-{delay}-{multiplier}-{longest}-{failures}"
    caller = Caller(org_id=ids.decode("org", org.org_id), key_id=1)
    settings_of_queue = {
        "retry_delay_seconds": delay,
        "backoff_multiplier": multiplier,
        "backoff_max_seconds": longest,
    }
    await org.put(f"/queues/{queue}/config", settings_of_queue)
    now = core.clock()
    await enqueue_jobs(core, caller, [NewJob(queue, "1", max_retries=failures)], now)
    for n in range(1, failures + 1):
        (job,) = await claim_due(core, caller, Claim(queue, "w1"), now)
        hold = Hold(ids.decode("job", job["id"]))
        (outcome,) = await fail_jobs(core, caller, "w1", [Failure(hold, "x")], random.Random(n), now)
        run_at = outcome.row_or_raise()["run_at"]
        waited = (run_at - now).total_seconds()
        expected = min(longest, delay * multiplier ** (n - 1))

        assert expected - 0.001 <= waited <= expected + JITTER + 0.001
        now = run_at


async def test_the_defaults_double_from_a_second_to_an_hour(org: Tenant, clock: MovingClock) -> None:
    """Without settings the waits are 1, 2, 4 ... seconds and never longer than an hour."""
    job = await org.push(max_retries=14)
    waits = []
    for _ in range(14):
        await org.dequeue()
        failed = await org.post(f"/jobs/{job['id']}/fail", {"error": "x"})
        history = await org.get(f"/jobs/{job['id']}/history", {"order_dir": "desc", "limit": 1})
        waits.append(seconds_between(history[0]["created_at"], failed["next_retry_at"]))
        clock.advance(seconds=waits[-1] + 0.01)

    for n, wait in enumerate(waits):
        expected = min(3600, 2**n)
        assert expected <= wait <= expected + JITTER


async def test_no_retry_buries_at_the_first_failure(org: Tenant) -> None:
    """A worker that knows better than to try again is believed; the retries that are left do not matter."""
    job = await org.push(max_retries=5)
    await org.dequeue()

    failed = await org.post(f"/jobs/{job['id']}/fail", {"error": "bad address", "no_retry": True})

    assert (failed["status"], failed["will_retry"], failed["next_retry_at"]) == ("deadletter", False, None)
    assert (failed["last_error"], failed["retry_count"]) == ("bad address", 0)


async def test_max_retries_0_is_one_attempt(org: Tenant) -> None:
    """Zero is a real value: the first failure is the last."""
    job = await org.push(max_retries=0)
    await org.dequeue()

    failed = await org.post(f"/jobs/{job['id']}/fail", {"error": "x"})

    assert (failed["status"], failed["max_retries"]) == ("deadletter", 0)


async def test_the_last_error_is_that_of_the_last_attempt(org: Tenant, clock: MovingClock) -> None:
    """A later failure replaces the error, a success keeps the last one, the history has them all."""
    job = await org.push()
    for error in ("first", "second"):
        await org.dequeue()
        await org.post(f"/jobs/{job['id']}/fail", {"error": error})
        assert (await org.job(job["id"]))["last_error"] == error
        clock.advance(minutes=1)
    await org.dequeue()
    await org.post(f"/jobs/{job['id']}/complete")

    history = await org.get(f"/jobs/{job['id']}/history")

    assert (await org.job(job["id"]))["last_error"] == "second"
    errors = [event["details"].get("error") for event in history if event["event_type"] == "failed"]
    assert errors == ["first", "second"]


async def test_a_long_life_keeps_the_last_hundred_entries(org: Tenant) -> None:
    """The log of a job that is given back again and again stays bounded, and loses its oldest entries."""
    job = await org.push()
    for n in range(105):
        taken = await org.dequeue(worker_id=f"w{n}")
        await org.post(f"/jobs/{taken['id']}/release")

    history = await org.get(f"/jobs/{job['id']}/history", {"limit": 500})

    released = [event["worker_id"] for event in history if event["event_type"] == "released"]
    assert released == [f"w{n}" for n in range(5, 105)]


async def test_a_job_that_expired_before_it_ran_is_cancelled_with_the_reason(
    org: Tenant, core: Core, clock: MovingClock
) -> None:
    """It is not claimed once its time has passed, and the timer says in its history why it never ran."""
    expires_at = (clock() + timedelta(minutes=5)).isoformat()
    job = await org.push(expires_at=expires_at)
    running = await org.push("other", expires_at=expires_at)
    await org.dequeue("other", lease_duration_secs=3600)
    clock.advance(minutes=6)

    assert await org.dequeue() is None
    await expire_jobs(core, clock())

    assert (await org.job(job["id"]))["status"] == "cancelled"
    (*_, last) = await org.get(f"/jobs/{job['id']}/history")
    assert (last["event_type"], last["details"]) == ("cancelled", {"reason": "Expired before it ran"})
    assert (await org.job(running["id"]))["status"] == "processing"


async def test_a_retry_that_expires_while_it_waits_is_cancelled(
    org: Tenant, core: Core, clock: MovingClock
) -> None:
    """`expires_at` ends the attempts too: a job whose time passed does not run again."""
    job = await org.push(expires_at=(clock() + timedelta(minutes=5)).isoformat())
    await org.dequeue()
    await org.post(f"/jobs/{job['id']}/fail", {"error": "x"})
    clock.advance(minutes=6)
    await expire_jobs(core, clock())

    ended = await org.job(job["id"])

    assert (ended["status"], ended["last_error"]) == ("cancelled", "x")


def seconds_between(earlier: str, later: str) -> float:
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()
