"""Taking jobs by gRPC, and saying what became of them."""

from datetime import UTC, timedelta
from typing import Any

import pytest

from shared.wire.proto import spooled_pb2 as pb
from tests.support.api import Tenant
from tests.support.clock import MovingClock
from tests.support.rpc import Rpc


async def take(rpc: Rpc, queue: str = "emails", **fields: Any) -> list[pb.Job]:
    """Some jobs of a queue."""
    answer = await rpc.call("Dequeue", **{"queue_name": queue, "worker_id": "w1", "batch_size": 10} | fields)
    return list(answer.jobs)


async def test_a_taken_job_is_whole(rpc: Rpc, org: Tenant, clock: MovingClock) -> None:
    """A job comes with all that a worker needs, under a lease of the length it asked for."""
    pushed = await org.push(payload={"a": [1, None]}, priority=3, idempotency_key="k", max_retries=2)

    (job,) = await take(rpc, lease_duration_secs=60)

    assert job.id == pushed["id"]
    assert job.organization_id == org.org_id
    assert (job.queue_name, job.priority, job.max_retries, job.retry_count) == ("emails", 3, 2, 0)
    assert (job.timeout_seconds, job.idempotency_key, job.assigned_worker_id) == (300, "k", "w1")
    assert job.status == pb.JOB_STATUS_PROCESSING
    assert job.payload["a"][0] == 1
    assert job.payload["a"][1] is None
    assert job.lease_id == (await org.job(job.id))["lease_id"]
    left = job.lease_expires_at.ToDatetime(UTC) - clock()
    assert timedelta(seconds=50) < left <= timedelta(seconds=60)
    assert job.HasField("started_at")
    assert job.HasField("created_at")
    assert not any(map(job.HasField, ("scheduled_at", "completed_at", "result")))


async def test_unset_lease_and_batch_are_the_defaults(rpc: Rpc, org: Tenant, clock: MovingClock) -> None:
    """0 in both says nothing: one job, for as long as the job's own timeout."""
    for _ in range(2):
        await org.push(timeout_seconds=120)

    (job,) = await take(rpc, batch_size=0, lease_duration_secs=0)

    left = job.lease_expires_at.ToDatetime(UTC) - clock()
    assert timedelta(seconds=110) < left <= timedelta(seconds=120)


async def test_jobs_come_by_priority_and_then_by_age(rpc: Rpc, org: Tenant) -> None:
    """The highest priority comes first, then the oldest."""
    pushed = [(await org.push(priority=priority))["id"] for priority in (0, 5, 5, -3)]

    jobs = await take(rpc)

    assert [job.id for job in jobs] == [pushed[1], pushed[2], pushed[0], pushed[3]]


async def test_nothing_is_an_empty_list(rpc: Rpc) -> None:
    """A queue without jobs, or one that there is not, gives an empty answer at once."""
    assert await take(rpc, "nothing-here") == []


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"worker_id": ""}, "Worker ID"),
        ({"worker_id": "w" * 256}, "Worker ID"),
        ({"queue_name": ""}, "Queue name"),
        ({"queue_name": "a/b"}, "Queue name"),
        ({"batch_size": 101}, "batch_size"),
        ({"batch_size": -1}, "batch_size"),
        ({"lease_duration_secs": 4}, "lease_duration_secs"),
        ({"lease_duration_secs": 3601}, "lease_duration_secs"),
    ],
)
async def test_bounds_of_taking(rpc: Rpc, fields: dict[str, Any], said: str) -> None:
    """What is out of its bounds is INVALID_ARGUMENT, in words that clients look for."""
    refusal = await rpc.refusal("Dequeue", **{"queue_name": "emails", "worker_id": "w1"} | fields)

    assert refusal.code == "INVALID_ARGUMENT"
    assert said in refusal.text


async def test_a_batch_holds_what_a_client_can_receive(rpc: Rpc, org: Tenant) -> None:
    """Jobs that would make the answer larger than clients take stay in the queue, in their order."""
    pushed = [(await org.push(payload={"text": "x" * 1_500_000}))["id"] for _ in range(4)]

    first, second = await take(rpc), await take(rpc)

    assert [job.id for job in first] == pushed[:2]
    assert [job.id for job in second] == pushed[2:]
    assert [job.retry_count for job in second] == [0, 0]


async def test_a_completed_job_keeps_its_result(rpc: Rpc, org: Tenant) -> None:
    """Complete stores the object that the worker returns."""
    await org.push()
    (job,) = await take(rpc)

    answer = await rpc.call("Complete", job_id=job.id, worker_id="w1", lease_id=job.lease_id, result={"n": 1})

    assert answer.success
    done = await org.job(job.id)
    assert (done["status"], done["result"]) == ("completed", {"n": 1})


async def test_a_failed_job_comes_back_after_its_backoff(rpc: Rpc, org: Tenant, clock: MovingClock) -> None:
    """Fail says how many seconds the next attempt waits, and the attempt after that knows the error."""
    await org.put("/queues/emails/config", {"retry_delay_seconds": 40})
    await org.push()
    (job,) = await take(rpc)

    answer = await rpc.call("Fail", job_id=job.id, worker_id="w1", lease_id=job.lease_id, error="no route")

    assert (answer.success, answer.will_retry, answer.next_retry_delay_secs) == (True, True, 40)
    assert (await org.job(job.id))["status"] == "pending"
    clock.advance(seconds=41)
    (again,) = await take(rpc)
    assert (again.retry_count, again.last_error) == (1, "no route")


@pytest.mark.parametrize(
    ("retry", "status"),
    [({}, "pending"), ({"retry": True}, "pending"), ({"retry": False}, "deadletter")],
)
async def test_retry_that_is_unset_means_true(
    rpc: Rpc, org: Tenant, retry: dict[str, bool], status: str
) -> None:
    """Only an explicit false buries the job at once."""
    await org.push()
    (job,) = await take(rpc)

    answer = await rpc.call("Fail", job_id=job.id, worker_id="w1", error="broken", **retry)

    assert answer.will_retry == (status == "pending")
    assert (await org.job(job.id))["status"] == status


async def test_without_retries_left_the_job_is_dead(rpc: Rpc, org: Tenant) -> None:
    """A failure beyond the last retry buries the job, and there is no delay."""
    await org.push(max_retries=0)
    (job,) = await take(rpc)

    answer = await rpc.call("Fail", job_id=job.id, worker_id="w1", error="broken", retry=True)

    assert (answer.success, answer.will_retry, answer.next_retry_delay_secs) == (True, False, 0)


@pytest.mark.parametrize(("sent", "kept"), [("e" * 5000, "e" * 2048), ("", "The worker gave no reason.")])
async def test_error_text_of_any_length(rpc: Rpc, org: Tenant, sent: str, kept: str) -> None:
    """An error is cut to 2048 characters and never refused for its length."""
    await org.push()
    (job,) = await take(rpc)

    answer = await rpc.call("Fail", job_id=job.id, worker_id="w1", error=sent)

    assert answer.success
    assert (await org.job(job.id))["last_error"] == kept


async def test_a_lease_is_renewed_from_now(rpc: Rpc, org: Tenant, clock: MovingClock) -> None:
    """The new end lies as far from now as was asked for, 30 seconds when nothing was."""
    await org.push()
    (job,) = await take(rpc)
    held = {"job_id": job.id, "worker_id": "w1", "lease_id": job.lease_id}
    clock.advance(seconds=100)

    for seconds, length in ((60, 60), (0, 30)):
        answer = await rpc.call("RenewLease", **held, extension_secs=seconds)

        left = answer.new_expires_at.ToDatetime(UTC) - clock()
        assert answer.success
        assert timedelta(seconds=length - 10) < left <= timedelta(seconds=length)


@pytest.mark.parametrize("seconds", [-1, 4, 3601])
async def test_an_extension_out_of_its_bounds_is_refused_by_its_name(
    rpc: Rpc, org: Tenant, seconds: int
) -> None:
    """INVALID_ARGUMENT, and the text names the field of the message and not that of REST."""
    await org.push()
    (job,) = await take(rpc)

    refusal = await rpc.refusal("RenewLease", job_id=job.id, worker_id="w1", extension_secs=seconds)

    assert refusal.code == "INVALID_ARGUMENT"
    assert refusal.text.startswith("extension_secs: ")


async def test_renewing_what_another_holds_is_no_success(rpc: Rpc, org: Tenant) -> None:
    """Without a lease_id the worker is compared: an OK answer that says false and names no time."""
    await org.push()
    (job,) = await take(rpc)

    answer = await rpc.call("RenewLease", job_id=job.id, worker_id="someone-else")

    assert not answer.success
    assert not answer.HasField("new_expires_at")


SETTLING = pytest.mark.parametrize(
    ("name", "extra"), [("Complete", {}), ("Fail", {"error": "broken"}), ("RenewLease", {})]
)


@SETTLING
@pytest.mark.parametrize("job_id", ["job_0000000000000", "nonsense", ""])
async def test_unknown_job(rpc: Rpc, name: str, extra: dict[str, str], job_id: str) -> None:
    """A job that there is not is NOT_FOUND, and the text says so."""
    refusal = await rpc.refusal(name, job_id=job_id, worker_id="w1", **extra)

    assert refusal.code == "NOT_FOUND"
    assert "not found" in refusal.text


@SETTLING
async def test_a_lapsed_lease(rpc: Rpc, org: Tenant, clock: MovingClock, name: str, extra: Any) -> None:
    """Once the lease is over its worker may not settle: the text is exactly what clients compare."""
    await org.push()
    (job,) = await take(rpc, lease_duration_secs=5)
    clock.advance(seconds=6)

    refusal = await rpc.refusal(name, job_id=job.id, worker_id="w1", lease_id=job.lease_id, **extra)

    assert (refusal.code, refusal.text) == ("FAILED_PRECONDITION", "Lease expired")


@SETTLING
async def test_a_lease_of_before(rpc: Rpc, org: Tenant, name: str, extra: Any) -> None:
    """A lease that is not the job's current one settles nothing."""
    await org.push()
    (job,) = await take(rpc)

    refusal = await rpc.refusal(name, job_id=job.id, worker_id="w1", lease_id="lease_0000000000000", **extra)

    assert refusal.code == "FAILED_PRECONDITION"
    assert "does not match the job's current lease" in refusal.text
    assert (await org.job(job.id))["status"] == "processing"


@SETTLING
async def test_a_job_that_is_done_already(rpc: Rpc, org: Tenant, name: str, extra: Any) -> None:
    """Settling twice is a conflict that names the state."""
    await org.push()
    (job,) = await take(rpc)
    await rpc.call("Complete", job_id=job.id, worker_id="w1")

    refusal = await rpc.refusal(name, job_id=job.id, worker_id="w1", **extra)

    assert (refusal.code, refusal.text) == ("FAILED_PRECONDITION", "Job is already completed")


@pytest.mark.parametrize(("name", "extra"), [("Complete", {}), ("Fail", {"error": "broken"})])
async def test_without_a_lease_the_worker_is_compared(rpc: Rpc, org: Tenant, name: str, extra: Any) -> None:
    """An older client sends its worker alone: another than the holder is refused, the holder is not."""
    await org.push()
    (job,) = await take(rpc)

    refusal = await rpc.refusal(name, job_id=job.id, worker_id="w2", **extra)
    answer = await rpc.call(name, job_id=job.id, worker_id="w1", **extra)

    assert refusal.code == "FAILED_PRECONDITION"
    assert answer.success


async def test_a_read_job_is_whole(rpc: Rpc, org: Tenant) -> None:
    """GetJob shows a job in each state with what belongs to it, and leaves unset what it has not."""
    scheduled = await org.push(scheduled_at="2099-01-01T00:00:00Z")
    await org.push("other", payload={"n": 1})
    (job,) = await take(rpc, "other")
    await rpc.call("Complete", job_id=job.id, worker_id="w1", result={"ok": True})

    waits = (await rpc.call("GetJob", job_id=scheduled["id"])).job
    done = (await rpc.call("GetJob", job_id=job.id)).job

    assert waits.status == pb.JOB_STATUS_SCHEDULED
    assert waits.scheduled_at.ToJsonString() == "2099-01-01T00:00:00Z"
    assert not any(map(waits.HasField, ("started_at", "completed_at", "lease_expires_at", "result")))
    assert (waits.lease_id, waits.assigned_worker_id, waits.last_error) == ("", "", "")
    assert done.status == pb.JOB_STATUS_COMPLETED
    assert dict(done.result) == {"ok": True}
    assert done.HasField("completed_at")


@pytest.mark.parametrize("job_id", ["job_0000000000000", "nonsense", ""])
async def test_reading_an_unknown_job_is_an_empty_answer(rpc: Rpc, job_id: str) -> None:
    """No job is no error here: OK, and `job` is unset."""
    assert not (await rpc.call("GetJob", job_id=job_id)).HasField("job")


async def test_another_organizations_job_is_unknown(rpc: Rpc, other_org: Tenant) -> None:
    """Ids of other organizations name nothing, for reading as for settling."""
    job = await other_org.push()
    await other_org.dequeue()

    assert not (await rpc.call("GetJob", job_id=job["id"])).HasField("job")
    assert (await rpc.refusal("Complete", job_id=job["id"], worker_id="w1")).code == "NOT_FOUND"


async def test_figures_of_a_queue(rpc: Rpc, org: Tenant, clock: MovingClock) -> None:
    """Each state is counted, a dead job once in the total, and the age is in milliseconds."""
    await org.bury()
    for _ in range(3):
        await org.push()
    await org.push(scheduled_at="2099-01-01T00:00:00Z")
    job = await org.dequeue()
    await org.post(f"/jobs/{job['id']}/complete")
    await org.dequeue()
    clock.advance(seconds=1.5)

    stats = await rpc.call("GetQueueStats", queue_name="emails")

    assert stats.queue_name == "emails"
    assert (stats.pending, stats.scheduled, stats.processing) == (1, 1, 1)
    assert (stats.completed, stats.failed, stats.deadletter, stats.total) == (1, 1, 1, 5)
    assert 1500 <= stats.max_age_ms < 60_000


async def test_figures_of_an_unknown_queue(rpc: Rpc) -> None:
    """A queue that there is not has its name and only 0."""
    stats = await rpc.call("GetQueueStats", queue_name="nothing-here")

    assert stats == pb.GetQueueStatsResponse(queue_name="nothing-here")
