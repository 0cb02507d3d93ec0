"""Every method of every resource of the official Python client, sync and async, on one walk each."""

import inspect
import uuid
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any, Self

import pytest
import spooled
from spooled.config import RetryConfig
from spooled.errors import UnsupportedOperationError
from spooled.resources.base import AsyncBaseResource, BaseResource

from tests.support.run import started

Go = Callable[..., Awaitable[Any]]
ADMIN_KEY = "the-key-of-the-operator"
ONCE = RetryConfig(max_retries=0)
LATER = datetime.now(UTC) + timedelta(hours=1)
NAIVE = LATER.replace(tzinfo=None)
SYNC, ASYNC = spooled.SpooledClient, spooled.AsyncSpooledClient


@pytest.fixture(scope="module")
def service_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service that has an operator."""
    home = tmp_path_factory.mktemp("resources") / "data"
    with started(home, settings={"ADMIN_API_KEY": ADMIN_KEY}) as run:
        yield run.url


class Walk:
    """Calls the methods of one client by name, awaits where it must, and notes what was called."""

    def __init__(self, kind: type, url: str, key: str) -> None:
        self.client = kind(api_key=key, admin_key=ADMIN_KEY, base_url=url, retry=ONCE)
        self.called: set[str] = set()

    async def __call__(self, name: str, *arguments: Any, **named: Any) -> Any:
        self.called.add(name)
        answer = attrgetter(name)(self.client)(*arguments, **named)
        return await answer if inspect.isawaitable(answer) else answer

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        closed = self.client.close()
        if inspect.isawaitable(closed):
            await closed


def methods(resource: object, prefix: str) -> Iterator[str]:
    """The names of all public methods, those of resources inside a resource too."""
    # `grpc` is a transport of its own, and asks for more packages as soon as one looks at it.
    for name in (name for name in dir(resource) if not name.startswith("_") and name != "grpc"):
        member = getattr(resource, name)
        if isinstance(member, BaseResource | AsyncBaseResource):
            yield from methods(member, f"{prefix}{name}.")
        elif prefix and callable(member):
            yield prefix + name


async def jobs(go: Go) -> None:
    body = {"queue_name": "emails", "payload": {"n": 1}, "max_retries": 0, "priority": 9}
    first = await go("jobs.create", body | {"idempotency_key": "a", "tags": ["vip"], "expires_at": LATER})
    second = await go("jobs.create_and_get", body)
    bulk = await go("jobs.bulk_enqueue", {"queue_name": "emails", "jobs": [{"payload": n} for n in range(3)]})
    listed = await go("jobs.list", {"limit": 2, "order_by": "created_at", "order_dir": "asc"})
    assert [one.id for one in listed] == [first.id, second.id]
    assert (listed.has_more, bulk.success_count, second.max_retries) == (True, 3, 0)

    claimed = (await go("jobs.claim", {"queue_name": "emails", "worker_id": "w", "limit": 2})).jobs
    lease = [{"worker_id": "w", "lease_id": job.lease_id} for job in claimed]
    assert [job.id for job in claimed] == [first.id, second.id]
    await go("jobs.heartbeat", first.id, lease[0])
    assert (await go("jobs.complete", first.id, lease[0] | {"result": [None, 1.5, "é"]})).success
    assert (await go("jobs.fail", second.id, lease[1] | {"error": "broken"})).success
    assert (await go("jobs.get", first.id)).result == [None, 1.5, "é"]
    history = await go("jobs.history", first.id, {"order_dir": "desc", "limit": 1})
    assert ([event.event_type for event in history], history.has_more) == (["completed"], True)

    dead = await go("jobs.dlq.list", {"queue_name": "emails"})
    assert [(one.id, one.last_error, dead.has_more) for one in dead] == [(second.id, "broken", False)]
    assert (await go("jobs.dlq.retry", {"job_ids": [second.id]})).retried_jobs == [second.id]
    assert (await go("jobs.dlq.purge", {"confirm": True, "older_than_days": 1})).purged_count == 0
    with pytest.raises(spooled.ConflictError):
        await go("jobs.retry", second.id)
    assert (await go("jobs.boost_priority", second.id, -100)).new_priority == -100
    await go("jobs.cancel", second.id)
    (status,) = await go("jobs.batch_status", [second.id, "nothing"])
    assert (status.status, (await go("jobs.get_stats")).total) == ("cancelled", 5)


async def queues(go: Go) -> None:
    made = await go("queues.update_config", "reports", {"max_retries": 0, "settings": {"description": "d"}})
    assert (made.max_retries, made.settings["description"]) == (0, "d")
    assert (await go("queues.get", "reports")).id == made.id
    assert "reports" in {queue.queue_name for queue in await go("queues.list")}
    assert (await go("queues.pause", "reports")).reason is None
    assert (await go("queues.resume", "reports")).paused_duration_secs >= 0
    assert (await go("queues.get_stats", "reports")).pending_jobs == 0
    await go("queues.delete", "reports", delete_jobs=True)


async def schedules(go: Go) -> None:
    body = {"name": "n", "cron_expression": "*/5 * * * *", "queue_name": "emails", "payload_template": None}
    refused = {"cron_expression": "x"}
    with pytest.raises(spooled.ValidationError):
        await go("schedules.create", body | refused | {"payload_template": {}})
    made = await go("schedules.create", body | {"payload_template": [1], "tags": ["t"], "metadata": {"a": 1}})
    changed = await go("schedules.update", made.id, {"description": "d", "queue_name": "other"})
    assert (changed.description, changed.queue_name, changed.tags) == ("d", "emails", ["t"])
    assert not (await go("schedules.pause", made.id)).is_active
    assert (await go("schedules.resume", made.id)).is_active
    run = await go("schedules.trigger", made.id)
    assert [one.job_id for one in await go("schedules.get_history", made.id)] == [run.job_id]
    assert (await go("schedules.get", made.id)).run_count == 1
    assert [one.id for one in await go("schedules.list", {"is_active": True, "queue_name": "emails"})] == [
        made.id
    ]
    await go("schedules.delete", made.id)


async def workflows(go: Go) -> None:
    steps = [
        {"key": "a", "queue_name": "steps", "payload": 1, "max_retries": 0},
        {"key": "b", "queue_name": "steps", "payload": {}, "depends_on": ["a"], "dependency_mode": "any"},
    ]
    made = await go("workflows.create", {"name": "w", "jobs": steps, "metadata": {"m": 1}})
    ids = {one.key: one.job_id for one in made.job_ids}
    (step,) = (await go("jobs.claim", {"queue_name": "steps", "worker_id": "w"})).jobs
    await go("jobs.fail", step.id, {"worker_id": "w", "lease_id": step.lease_id, "error": "no"})
    failed = await go("workflows.get", made.workflow_id)
    assert (failed.status, failed.metadata, failed.failed_jobs) == ("failed", {"m": 1}, 1)
    (same,) = await go("workflows.list", {"status": "failed"})
    assert same.id == (await go("workflows.retry", made.workflow_id)).id
    of_jobs = await go("workflows.jobs.list", made.workflow_id)
    assert {one.key: one.id for one in of_jobs} == ids
    assert (await go("workflows.jobs.get", made.workflow_id, ids["a"])).payload == 1
    assert {one.status for one in await go("workflows.jobs.get_status", made.workflow_id)} == {
        "pending",
        "scheduled",
    }
    late = await go("jobs.create", {"queue_name": "steps", "payload": {}, "scheduled_at": NAIVE})
    added = await go("workflows.jobs.add_dependencies", late.id, {"dependency_job_ids": [ids["b"]]})
    assert (await go("jobs.get", late.id)).scheduled_at == LATER
    assert (added.added_count, added.dependencies_met) == (1, False)
    known = await go("workflows.jobs.get_dependencies", late.id)
    assert [one.job_id for one in known.dependencies] == [ids["b"]]
    assert (await go("workflows.cancel", made.workflow_id)).status == "cancelled"


async def workers(go: Go) -> None:
    body = {"queue_name": "emails", "hostname": "h", "worker_type": "t", "version": "1", "metadata": {"a": 1}}
    made = await go("workers.register", body)
    await go("workers.heartbeat", made.id, {"current_jobs": 0, "status": "degraded", "metadata": {"b": 2}})
    worker = await go("workers.get", made.id)
    assert (worker.current_jobs, worker.max_concurrency, worker.version) == (0, 5, "1")
    assert [one.id for one in await go("workers.list")] == [made.id]
    await go("workers.deregister", made.id)


async def webhooks(go: Go) -> None:
    body = {"name": "w", "url": "http://localhost:9/none", "events": ["worker.registered"]}
    hook = await go("webhooks.create", body | {"format": "slack", "secret": "s"})
    assert (hook.format, hook.enabled, hook.failure_count) == ("slack", True, 0)
    assert (await go("webhooks.update", hook.id, {"secret": None, "name": "x"})).name == "x"
    assert [one.id for one in await go("webhooks.list")] == [(await go("webhooks.get", hook.id)).id]
    tried = await go("webhooks.test", hook.id)
    assert (tried.success, tried.status_code) == (False, None)
    assert await go("webhooks.get_deliveries", hook.id, {"status": "success"}) == []
    with pytest.raises(spooled.NotFoundError):
        await go("webhooks.retry_delivery", hook.id, "nothing")
    await go("webhooks.delete", hook.id)


async def organizations(go: Go) -> None:
    (own,) = await go("organizations.list")
    settings = {"any": {"thing": [1]}}
    changed = await go("organizations.update", own.id, {"name": "New", "settings": settings})
    assert (changed.name, changed.settings["any"]) == ("New", {"thing": [1]})
    assert (await go("organizations.get", own.id)).updated_at == changed.updated_at
    assert (await go("organizations.get_usage")).usage.api_keys.current >= 1
    assert await go("organizations.get_members", own.id) == []
    slug = (await go("organizations.generate_slug", "Éa & Sons")).slug
    assert (await go("organizations.check_slug", slug)).available
    other = await go("organizations.create", {"name": "O", "slug": f"o-{uuid.uuid4().hex}"})
    taken = await go("organizations.check_slug", other.organization.slug)
    assert (taken.available, taken.valid) == (False, True)
    with pytest.raises(spooled.NotFoundError):
        await go("organizations.delete", other.organization.id)
    with pytest.raises(UnsupportedOperationError):
        await go("organizations.clear_webhook_token")

    before = await go("organizations.get_webhook_token")
    token = await go("organizations.regenerate_webhook_token")
    assert before.webhook_token != token.webhook_token
    body = {"queue_name": "emails", "payload": {}, "event_type": "e", "idempotency_key": "i", "priority": 1}
    took = await go("ingest.custom", own.id, body, token.webhook_token)
    again = await go("ingest.custom", own.id, body, token.webhook_token)
    assert (took.queue_name, took.status) == ("emails", "created")
    assert (again.job_id, again.status) == (took.job_id, "duplicate")
    with pytest.raises(spooled.AuthenticationError):
        await go("ingest.custom", own.id, body, before.webhook_token)
    since = LATER - timedelta(days=1)
    log = await go("webhooks.list_inbound_deliveries", {"queue_name": "emails", "since": since})
    assert [(one.provider, one.job_id, one.status) for one in log] == [
        ("custom", took.job_id, "duplicate"),
        ("custom", took.job_id, "created"),
    ]


async def keys_and_sessions(go: Go) -> None:
    made = await go(
        "api_keys.create", {"name": "k", "queues": ["emails"], "rate_limit": 60, "expires_at": LATER}
    )
    assert abs(made.expires_at - LATER) < timedelta(milliseconds=1)
    assert made.id in {one.id for one in await go("api_keys.list")}
    assert (await go("api_keys.get", made.id)).queues == ["emails"]
    login = await go("auth.login", {"api_key": made.key})
    assert (await go("auth.validate", {"token": login.access_token})).queues == ["emails"]
    assert (await go("auth.refresh", {"refresh_token": login.refresh_token})).expires_in > 0
    changed = await go("api_keys.update", made.id, {"name": "l", "queues": [], "is_active": False})
    assert (changed.name, changed.queues, changed.is_active) == ("l", [], False)
    await go("api_keys.delete", made.id)
    assert (await go("auth.me")).organization.name == "New"
    assert (await go("auth.check_email", "nobody@example.com")).exists is False
    assert (await go("auth.start_email_login", f"{uuid.uuid4().hex}@example.com")).email_sent_to
    await go("auth.logout")


async def the_service(go: Go) -> None:
    assert (await go("health.get")).cache
    assert await go("health.liveness")
    assert await go("health.readiness")
    assert "spooled_" in await go("metrics.get")
    assert "emails" in {queue.name for queue in (await go("dashboard.get")).queues}
    assert (await go("billing.get_status")).has_stripe_customer is False
    with pytest.raises(spooled.ValidationError):
        await go("billing.create_portal", {"return_url": "https://example.com"})


async def administration(go: Go) -> None:
    body = {"name": "A", "slug": f"a-{uuid.uuid4().hex}", "plan_tier": "pro", "settings": {"a": 1}}
    made = (await go("admin.create_organization", body)).organization
    changed = await go(
        "admin.update_organization", made.id, {"plan_tier": "free", "custom_limits": {"max_queues": 9}}
    )
    assert (made.plan_tier, changed.plan_tier, changed.custom_limits) == ("pro", "free", {"max_queues": 9})
    assert made.id in {one.id for one in await go("admin.list_organizations", {"plan_tier": "free"})}
    assert (await go("admin.get_organization", made.id)).settings["a"] == 1
    assert (await go("admin.create_api_key", made.id, {"name": "k"})).key.startswith("sk_")
    await go("admin.reset_usage", made.id)
    assert (await go("admin.get_stats")).organizations.total >= 1
    assert [plan.tier for plan in await go("admin.list_plans")] == ["free", "starter", "pro", "enterprise"]
    await go("admin.delete_organization", made.id)
    await go("admin.delete_organization", made.id, hard=True)
    with pytest.raises(spooled.NotFoundError):
        await go("admin.get_organization", made.id)


PARTS = (
    jobs,
    queues,
    schedules,
    workflows,
    workers,
    webhooks,
    organizations,
    keys_and_sessions,
    the_service,
    administration,
)


@pytest.mark.parametrize("kind", [SYNC, ASYNC], ids=["sync", "async"])
async def test_every_method_of_every_resource(kind: type, service_url: str, key: str) -> None:
    """Each method is answered with what it reads, and none of the client's methods is left out."""
    async with Walk(kind, service_url, key) as walk:
        for part in PARTS:
            await part(walk)
        (own,) = await walk("organizations.list")
        await walk("organizations.delete", own.id)
        with pytest.raises(spooled.AuthenticationError):
            await walk("jobs.list")
        everything = set(methods(walk.client, ""))

    assert len(everything) > 80
    assert everything - walk.called == set()
