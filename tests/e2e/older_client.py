"""What a user of an older official client does, from top to bottom: `older_client.py URL API_KEY`.

Run by test_older_client.py with the older client in front of the installed one.
"""

import sys
import uuid

import spooled

URL, KEY = sys.argv[1:]


def walk_jobs(client: spooled.SpooledClient) -> None:
    made = client.jobs.create({"queue_name": "old", "payload": {"n": 1}, "priority": 3, "max_retries": 0})
    assert client.jobs.get(made.id).status == "pending"
    assert [job.id for job in client.jobs.list({"queue_name": "old"})] == [made.id]
    assert client.jobs.boost_priority(made.id, 9).new_priority == 9
    (job,) = client.jobs.claim({"queue_name": "old", "worker_id": "w"}).jobs
    client.jobs.heartbeat(job.id, {"worker_id": "w", "lease_duration_secs": 60})
    client.jobs.complete(job.id, {"worker_id": "w", "result": {"sent": True}})
    done = client.jobs.get(made.id)
    assert (done.status, done.result) == ("completed", {"sent": True})

    jobs = [{"payload": {"n": n}} for n in range(3)]
    bulk = client.jobs.bulk_enqueue({"queue_name": "old", "jobs": jobs, "default_max_retries": 0})
    ids = [one.job_id for one in bulk.succeeded]
    assert bulk.success_count == len(ids) == 3
    assert {one.status for one in client.jobs.batch_status(ids)} == {"pending"}
    (job,) = client.jobs.claim({"queue_name": "old", "worker_id": "w"}).jobs
    assert client.jobs.fail(job.id, {"worker_id": "w", "error": "broken"}).success
    assert [one.id for one in client.jobs.dlq.list({})] == [job.id]
    assert client.jobs.dlq.retry({"job_ids": [job.id]}).retried_count == 1
    client.jobs.cancel(ids[-1])
    assert client.jobs.get(ids[-1]).status == "cancelled"
    assert client.jobs.get_stats().completed == 1


def walk_queues_and_workers(client: spooled.SpooledClient) -> None:
    assert client.queues.update_config("old", {"max_retries": 5, "default_timeout": 60}).max_retries == 5
    assert [queue.queue_name for queue in client.queues.list()] == ["old"]
    assert client.queues.pause("old", "maintenance").paused
    assert client.jobs.claim({"queue_name": "old", "worker_id": "w"}).jobs == []
    assert client.queues.resume("old").resumed
    assert client.queues.get_stats("old").pending_jobs == 2
    worker = client.workers.register({"queue_name": "old", "hostname": "h"})
    client.workers.heartbeat(worker.id, {"current_jobs": 1})
    assert client.workers.get(worker.id).status == "healthy"
    assert [one.id for one in client.workers.list()] == [worker.id]
    client.workers.deregister(worker.id)


def walk_schedules_and_workflows(client: spooled.SpooledClient) -> None:
    schedule = client.schedules.create(
        {
            "name": "Nightly",
            "cron_expression": "0 0 3 * * *",
            "queue_name": "reports",
            "payload_template": {"kind": "nightly"},
        }
    )
    assert client.schedules.pause(schedule.id).is_active is False
    assert client.schedules.resume(schedule.id).is_active is True
    assert client.schedules.update(schedule.id, {"name": "Daily"}).name == "Daily"
    job_id = client.schedules.trigger(schedule.id).job_id
    assert [run.job_id for run in client.schedules.get_history(schedule.id)] == [job_id]
    client.schedules.delete(schedule.id)

    steps = [
        {"key": "pay", "queue_name": "steps", "payload": {}},
        {"key": "ship", "queue_name": "steps", "payload": {}, "depends_on": ["pay"]},
    ]
    made = client.workflows.create({"name": "Order", "jobs": steps})
    (job,) = client.jobs.claim({"queue_name": "steps", "worker_id": "w"}).jobs
    client.jobs.complete(job.id, {"worker_id": "w"})
    assert client.workflows.get(made.workflow_id).status == "running"
    assert {one.key for one in client.workflows.jobs.list(made.workflow_id)} == {"pay", "ship"}
    assert client.workflows.cancel(made.workflow_id).status == "cancelled"


def walk_account(client: spooled.SpooledClient) -> None:
    tokens = client.auth.login({"api_key": KEY})
    assert client.auth.refresh({"refresh_token": tokens.refresh_token}).access_token
    assert client.auth.validate({"token": tokens.access_token}).valid
    with spooled.SpooledClient(access_token=tokens.access_token, base_url=URL) as session:
        assert session.auth.me().organization_id
        session.auth.logout()
    made = client.api_keys.create({"name": "Second"})
    assert {"Second"} <= {one.name for one in client.api_keys.list()}
    client.api_keys.delete(made.id)
    (organization,) = client.organizations.list()
    assert client.organizations.get(organization.id).slug == organization.slug
    assert client.organizations.get_usage().usage.jobs_today.current
    assert client.organizations.check_slug(f"free-{uuid.uuid4().hex[:8]}").available
    assert client.dashboard.get().jobs.total
    assert client.health.get().status == "healthy"
    assert "spooled_" in client.metrics.get()


def walk_refusals(client: spooled.SpooledClient) -> None:
    stranger = spooled.SpooledClient(api_key="sk_live_" + "x" * 43, base_url=URL)
    (done,) = client.jobs.list({"status": "completed", "limit": 1})
    for raised, provoke, *arguments in (
        (spooled.NotFoundError, client.jobs.get, "nothing"),
        (spooled.ConflictError, client.jobs.retry, done.id),
        (spooled.AuthenticationError, stranger.jobs.list),
    ):
        try:
            provoke(*arguments)
        except raised:
            continue
        raise AssertionError(raised)


with spooled.SpooledClient(api_key=KEY, base_url=URL) as client:
    walk_jobs(client)
    walk_queues_and_workers(client)
    walk_schedules_and_workflows(client)
    walk_account(client)
    walk_refusals(client)
sys.stdout.write(f"walked with {spooled.__version__}\n")
