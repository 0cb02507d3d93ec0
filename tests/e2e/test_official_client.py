"""The official Python client, as its users have it, against the running service: they notice nothing."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import spooled
from spooled.config import RetryConfig
from spooled.types.jobs import ClaimedJob

ONCE = RetryConfig(max_retries=0)
Connect = Callable[..., spooled.SpooledClient]


def claim(client: spooled.SpooledClient, queue: str = "emails", worker: str = "w1") -> ClaimedJob:
    (job,) = client.jobs.claim({"queue_name": queue, "worker_id": worker}).jobs
    return job


def bury(client: spooled.SpooledClient, queue: str = "emails") -> str:
    made = client.jobs.create({"queue_name": queue, "payload": {}, "max_retries": 0})
    job = claim(client, queue)
    client.jobs.fail(made.id, {"worker_id": "w1", "lease_id": job.lease_id, "error": "broken"})
    return made.id


def test_the_life_of_a_job(client: spooled.SpooledClient) -> None:
    """A job is created, found, claimed, kept, completed and read with its result and history."""
    made = client.jobs.create(
        {"queue_name": "emails", "payload": {"job_type": "welcome"}, "tags": {"vip": True}, "priority": 5}
    )
    (listed,) = client.jobs.list({"queue_name": "emails", "q": "WELC", "tag": "vip", "status": "pending"})
    job = claim(client)
    client.jobs.heartbeat(job.id, {"worker_id": "w1", "lease_id": job.lease_id})
    client.jobs.complete(job.id, {"worker_id": "w1", "lease_id": job.lease_id, "result": {"sent": 1}})
    done = client.jobs.get(made.id)
    events = [event.event_type for event in client.jobs.history(made.id)]

    assert (made.created, listed.id, listed.job_type) == (True, made.id, "welcome")
    assert (done.status, done.result, done.tags) == ("completed", {"sent": 1}, {"vip": True})
    assert events[0] == "created"
    assert events[-1] == "completed"
    assert client.jobs.get_stats().completed == 1
    assert [one.status for one in client.jobs.batch_status([made.id, "job_unknown"])] == ["completed"]


def test_delays_priorities_and_cancelling(client: spooled.SpooledClient) -> None:
    """A time with an offset schedules; priority is set; a waiting job is cancelled, a cancelled one not."""
    later = datetime.now(UTC) + timedelta(hours=1)
    job = client.jobs.create_and_get({"queue_name": "emails", "payload": [1], "scheduled_at": later})
    boosted = client.jobs.boost_priority(job.id, 50)
    client.jobs.cancel(job.id)

    assert job.status == "scheduled"
    assert job.scheduled_at is not None
    assert abs(job.scheduled_at - later) < timedelta(milliseconds=1)
    assert (boosted.old_priority, boosted.new_priority) == (0, 50)
    assert client.jobs.get(job.id).status == "cancelled"
    with pytest.raises(spooled.ConflictError):
        client.jobs.cancel(job.id)


def test_idempotency_and_bulk(client: spooled.SpooledClient) -> None:
    """A key makes one job, alone and in bulk; a page says whether more follow."""
    body = {"queue_name": "emails", "payload": 1, "idempotency_key": "order-1"}
    first, second = client.jobs.create(body), client.jobs.create(body)
    jobs: list[dict[str, Any]] = [{"payload": n} for n in range(9)]
    jobs.append({"payload": 1, "idempotency_key": "order-1"})
    bulk = client.jobs.bulk_enqueue({"queue_name": "emails", "jobs": jobs})
    page = client.jobs.list({"limit": 4})

    assert (first.created, second.created, second.id) == (True, False, first.id)
    assert (bulk.total, bulk.success_count, bulk.succeeded[-1].job_id) == (10, 10, first.id)
    assert (len(page), page.has_more) == (4, True)
    assert client.jobs.list({"limit": 100}).has_more is False


def test_dead_letters(client: spooled.SpooledClient) -> None:
    """Dead jobs are listed, retried one by one and in bulk, and purged when confirmed."""
    dead = [bury(client) for _ in range(3)]
    listed = client.jobs.dlq.list({"queue_name": "emails"})
    revived = client.jobs.retry(dead[0])
    retried = client.jobs.dlq.retry({"job_ids": [dead[1]]})
    purged = client.jobs.dlq.purge({"queue_name": "emails", "confirm": True})

    assert {one.id for one in listed} == set(dead)
    assert {one.last_error for one in listed} == {"broken"}
    assert (revived.status, revived.retry_count) == ("pending", 0)
    assert (retried.retried_jobs, purged.purged_count) == ([dead[1]], 1)


def test_a_lost_lease_is_told(client: spooled.SpooledClient) -> None:
    """Settling with a lease that is not the job's is the error the worker looks for."""
    client.jobs.create({"queue_name": "emails", "payload": {}})
    job = claim(client)
    stale = {"worker_id": "w1", "lease_id": "lease_0000000000001"}

    with pytest.raises(spooled.ConflictError) as lost:
        client.jobs.complete(job.id, stale)
    client.jobs.complete(job.id, {"worker_id": "w1", "lease_id": job.lease_id})
    with pytest.raises(spooled.ConflictError) as again:
        client.jobs.complete(job.id, {"worker_id": "w1", "lease_id": job.lease_id})

    assert lost.value.code == "LEASE_EXPIRED"
    assert "already completed" in str(again.value)


def test_queues(client: spooled.SpooledClient) -> None:
    """A queue appears with its first job, is configured, paused, resumed, measured and deleted."""
    client.jobs.create({"queue_name": "emails", "payload": {}})
    config = client.queues.update_config("emails", {"max_retries": 7, "default_timeout": 60, "rate_limit": 9})
    paused = client.queues.pause("emails", "maintenance")
    nothing = client.jobs.claim({"queue_name": "emails", "worker_id": "w1"}).jobs
    resumed = client.queues.resume("emails")

    assert [queue.queue_name for queue in client.queues.list()] == ["emails"]
    assert (config.max_retries, config.default_timeout, config.rate_limit) == (7, 60, 9)
    assert (paused.paused, paused.reason, nothing, resumed.resumed) == (True, "maintenance", [], True)
    assert client.queues.get_stats("emails").pending_jobs == 1
    with pytest.raises(spooled.ConflictError):
        client.queues.delete("emails")
    client.queues.delete("emails", delete_jobs=True)
    with pytest.raises(spooled.NotFoundError):
        client.queues.get("emails")


def test_schedules(client: spooled.SpooledClient) -> None:
    """A schedule is made with six fields, changed, paused, resumed, triggered, read and deleted."""
    made = client.schedules.create(
        {
            "name": "Nightly",
            "cron_expression": "0 0 3 * * *",
            "timezone": "Europe/Paris",
            "queue_name": "reports",
            "payload_template": {"kind": "nightly"},
        }
    )
    changed = client.schedules.update(made.id, {"name": "Nightly report", "priority": 3})
    paused = client.schedules.pause(made.id)
    resumed = client.schedules.resume(made.id)
    triggered = client.schedules.trigger(made.id)
    history = client.schedules.get_history(made.id)

    assert made.next_run_at is not None
    assert (changed.name, changed.priority) == ("Nightly report", 3)
    assert (paused.is_active, resumed.is_active) == (False, True)
    assert client.jobs.get(triggered.job_id).payload == {"kind": "nightly"}
    assert [run.job_id for run in history] == [triggered.job_id]
    assert [one.id for one in client.schedules.list()] == [made.id]
    client.schedules.delete(made.id)
    with pytest.raises(spooled.NotFoundError):
        client.schedules.get(made.id)


def test_workflows(client: spooled.SpooledClient) -> None:
    """Steps run in order, the workflow ends with the last one, and dependencies are shown."""
    made = client.workflows.create(
        {
            "name": "Order",
            "jobs": [
                {"key": "pay", "queue_name": "steps", "payload": {}},
                {"key": "ship", "queue_name": "steps", "payload": {}, "depends_on": ["pay"]},
            ],
        }
    )
    steps = {one.key: one.job_id for one in made.job_ids}
    first = claim(client, "steps")
    running = client.workflows.get(made.workflow_id)
    waiting = client.workflows.jobs.get_dependencies(steps["ship"])
    client.jobs.complete(first.id, {"worker_id": "w1", "lease_id": first.lease_id})
    second = claim(client, "steps")
    client.jobs.complete(second.id, {"worker_id": "w1", "lease_id": second.lease_id})
    done = client.workflows.get(made.workflow_id)

    assert (first.id, second.id) == (steps["pay"], steps["ship"])
    assert (running.status, waiting.dependencies_met) == ("running", False)
    assert [one.job_id for one in waiting.dependencies] == [steps["pay"]]
    assert (done.status, done.progress_percent) == ("completed", 100)
    assert {one.key for one in client.workflows.jobs.list(made.workflow_id)} == {"pay", "ship"}
    assert len(client.workflows.jobs.get_status(made.workflow_id)) == 2
    one = {"key": "a", "queue_name": "q", "payload": 1}
    cancelled = client.workflows.create({"name": "No", "jobs": [one]})
    assert client.workflows.cancel(cancelled.workflow_id).status == "cancelled"


def test_workers(client: spooled.SpooledClient) -> None:
    """A worker registers, is heard of, is listed and goes."""
    worker_id = f"w-{uuid.uuid4().hex}"
    made = client.workers.register({"queue_name": "emails", "hostname": "h", "worker_id": worker_id})
    client.workers.heartbeat(made.id, {"current_jobs": 2, "status": "draining"})
    worker = client.workers.get(made.id)
    (listed,) = client.workers.list()
    client.workers.deregister(made.id)

    assert (made.id, worker.status, worker.current_jobs) == (worker_id, "draining", 2)
    assert (listed.id, listed.max_concurrency) == (worker_id, 5)
    with pytest.raises(spooled.NotFoundError):
        client.workers.get(made.id)


def test_signing_in(connect: Connect, key: str, client: spooled.SpooledClient) -> None:
    """Login, me, validate, refresh and logout; a client with tokens refreshes a bad one by itself."""
    login = client.auth.login({"api_key": key})
    session = connect(access_token=login.access_token, refresh_token=login.refresh_token)
    me = session.auth.me()
    valid = client.auth.validate({"token": login.access_token})
    fresh = client.auth.refresh({"refresh_token": login.refresh_token})
    mended = connect(access_token="no.such.token", refresh_token=login.refresh_token)

    assert me.organization is not None
    assert (valid.valid, valid.organization_id) == (True, me.organization_id)
    assert fresh.access_token != login.access_token
    assert mended.auth.me().organization_id == me.organization_id
    session.auth.logout()
    with pytest.raises(spooled.AuthenticationError):
        client.auth.refresh({"refresh_token": login.refresh_token})
    assert client.auth.validate({"token": login.access_token}).valid is False


def test_keys_organizations_and_health(connect: Connect, client: spooled.SpooledClient) -> None:
    """Keys are made and revoked, the organization is shown, and the service says that it is well."""
    made = client.api_keys.create({"name": "Second"})
    second = connect(api_key=made.key)
    (organization,) = client.organizations.list()

    assert second.organizations.get(organization.id).id == organization.id
    assert {one.name for one in client.api_keys.list()} >= {"Second"}
    client.api_keys.delete(made.id)
    with pytest.raises(spooled.AuthenticationError):
        second.jobs.list()
    health = client.health.get()
    assert (health.status, health.database, health.cache) == ("healthy", True, True)
    assert client.health.liveness()
    assert client.health.readiness()
    assert "spooled_jobs_pending" in client.metrics.get()
    assert client.organizations.get_usage().usage.queues.is_disabled is False


PROVOKED: list[tuple[str, type[spooled.SpooledError], int, Callable[[spooled.SpooledClient], Any]]] = [
    ("unknown id", spooled.NotFoundError, 404, lambda client: client.jobs.get("nothing")),
    ("bad cron", spooled.ValidationError, 400, lambda client: client.schedules.create(
        {"name": "n", "cron_expression": "never", "queue_name": "q", "payload_template": {}}
    )),
    ("bad status", spooled.ValidationError, 400, lambda client: client._http.get("/jobs?status=lost")),
    ("no queue", spooled.ValidationError, 422, lambda client: client._http.post("/jobs", {"payload": 1})),
    ("empty queue", spooled.ValidationError, 400, lambda client: client._http.post(
        "/jobs", {"queue_name": "", "payload": 1}
    )),
    ("too large", spooled.PayloadTooLargeError, 413, lambda client: client.jobs.create(
        {"queue_name": "q", "payload": "x" * 6_000_000}
    )),
    ("not dead", spooled.ConflictError, 409, lambda client: client.jobs.retry(
        client.jobs.create({"queue_name": "q", "payload": 1}).id
    )),
]  # fmt: skip


@pytest.mark.parametrize(
    ("error", "status", "provoke"), [row[1:] for row in PROVOKED], ids=[row[0] for row in PROVOKED]
)
def test_errors_are_the_clients_own(
    client: spooled.SpooledClient,
    error: type[spooled.SpooledError],
    status: int,
    provoke: Callable[[spooled.SpooledClient], Any],
) -> None:
    """Each kind of refusal becomes the exception that its documentation names."""
    with pytest.raises(error) as raised:
        provoke(client)

    assert raised.value.status_code == status
    assert raised.value.code
    assert raised.value.request_id


def test_a_wrong_key_and_a_narrow_one(connect: Connect, client: spooled.SpooledClient) -> None:
    """A wrong key is an authentication error, a key without the right an authorization error."""
    wrong = connect(api_key="sk_live_" + "x" * 43)
    narrow_key = client._http.post("/api-keys", {"name": "N", "permissions": ["jobs:read"]})["key"]
    narrow = connect(api_key=narrow_key)

    with pytest.raises(spooled.AuthenticationError):
        wrong.jobs.list()
    assert narrow.jobs.list() == []
    with pytest.raises(spooled.AuthorizationError):
        narrow.jobs.create({"queue_name": "q", "payload": 1})


async def test_the_asynchronous_client(service_url: str, key: str) -> None:
    """The asynchronous client goes the same way."""
    async with spooled.AsyncSpooledClient(api_key=key, base_url=service_url, retry=ONCE) as client:
        made = await client.jobs.create({"queue_name": "emails", "payload": {"n": 1}})
        (job,) = (await client.jobs.claim({"queue_name": "emails", "worker_id": "w"})).jobs
        await client.jobs.heartbeat(job.id, {"worker_id": "w", "lease_id": job.lease_id})
        await client.jobs.complete(job.id, {"worker_id": "w", "lease_id": job.lease_id})

        assert (await client.jobs.get(made.id)).status == "completed"
        assert (await client.queues.get_stats("emails")).completed_jobs_24h == 1
        assert (await client.auth.me()).organization is not None
        assert await client.workers.list() == []
        assert await client.schedules.list() == []
        assert await client.workflows.list() == []
        with pytest.raises(spooled.NotFoundError):
            await client.jobs.get("nothing")
