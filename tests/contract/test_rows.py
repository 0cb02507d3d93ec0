"""Each row of the contract's route tables: its status and every field of its answer, in both dialects."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from functions.ticks.rollups import run_once as roll_up
from shared.core import Core
from shared.edge.opening import open_core
from shared.settings import Settings
from tests.support.api import Tenant, api_of
from tests.support.contract_world import World
from tests.support.shape import matches, read_shapes

SHAPES = read_shapes(Path(__file__).with_name("shapes.txt"))
ADMIN = {"X-Admin-Key": "admin-key-for-tests"}


@dataclass
class Row:
    """A request, with ids as `{name}` of the world, and the status and shape of its answer."""

    request: str
    shape: str = ""
    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def reads(self) -> bool:
        return self.request.startswith("GET ")

    def __str__(self) -> str:
        return self.request.replace("/", "-")


@dataclass
class Place:
    """An organization that has one of everything."""

    org: Tenant
    world: World


JOB = {"queue_name": "emails", "payload": {"job_type": "mail"}}
CRON = {
    "name": "Nightly",
    "cron_expression": "0 0 3 * * *",
    "queue_name": "emails",
    "payload_template": {"a": 1},
}
GUIDE_CRON = {"name": "Nightly", "cron_expression": "0 3 * * *", "queue": "emails", "payload": {"a": 1}}
HOOK = {"name": "Alerts", "url": "http://127.0.0.1:1/in", "events": ["job.processing", "job.completed"]}
STEPS = [{"key": "a", **JOB}, {"key": "b", **JOB, "depends_on": ["a"]}]
GUIDE_STEPS = [
    {"name": "a", "queue": "emails", "payload": {}},
    {"name": "b", "queue": "emails", "payload": {}, "depends_on": ["a"]},
]

ROWS = [
    # 4 health
    Row("GET /health", "Health"),
    Row("GET /health/live", "obj"),
    Row("GET /health/ready", "obj"),
    # 5 authentication
    Row("POST /api/v1/auth/login", "Login", {"api_key": "{key_text}"}),
    Row("POST /api/v1/auth/refresh", "Refreshed", {"refresh_token": "{refresh_token}"}),
    Row("POST /api/v1/auth/logout", "", {"refresh_token": "{refresh_token}"}, 204),
    Row("GET /api/v1/auth/me", "Me", headers={"Authorization": "Bearer {access_token}"}),
    Row("POST /api/v1/auth/validate", "Valid", {"token": "{access_token}"}),
    Row("GET /api/v1/auth/check-email?email=nobody@example.com", "EmailCheck"),
    Row("POST /api/v1/auth/email/start", "CodeSent", {"email": "{new_slug}@example.com"}),
    Row("POST /api/v1/auth/email/verify", "", {"email": "{new_slug}@example.com", "code": "AAAAAA"}, 404),
    Row("POST /api/v1/auth/signup/complete", "", {"signup_token": "x", "name": "Ace", "slug": "ace"}, 401),
    # 6 organizations
    Row("POST /api/v1/organizations", "NewOrganization", {"name": "Acme", "slug": "{new_slug}"}, 201),
    Row("GET /api/v1/organizations", "[OrganizationSummary]"),
    Row("GET /api/v1/organizations/{org}", "Organization"),
    Row("PUT /api/v1/organizations/{org}", "Organization", {"name": "B", "settings": {"a": 1}}),
    Row("DELETE /api/v1/organizations/{org}", status=204),
    Row("GET /api/v1/organizations/usage", "Usage"),
    Row("GET /api/v1/organizations/check-slug?slug=a-free-one", "Slug"),
    Row("POST /api/v1/organizations/generate-slug", "OneSlug", {"name": "Ünïted Gizmos"}),
    Row("GET /api/v1/organizations/webhook-token", "Token"),
    Row("POST /api/v1/organizations/webhook-token/regenerate", "Token"),
    Row("POST /api/v1/organizations/webhook-token/clear", "Token", {"confirm": True}),
    Row(
        "POST /api/v1/organizations/{org}/api-keys",
        "NewGuideKey",
        {"name": "Producer", "permissions": ["jobs:write", "queues:read"]},
        201,
    ),
    Row("GET /api/v1/organizations/{org}/members", "[Member]"),
    Row(
        "POST /api/v1/organizations/{org}/members",
        "Member",
        {"email": "{new_slug}@example.com", "role": "admin"},
        201,
    ),
    Row("DELETE /api/v1/organizations/{org}/members/{user}", status=204),
    # 7 API keys
    Row("GET /api/v1/api-keys", "[Key]"),
    Row("POST /api/v1/api-keys", "NewKey", {"name": "K", "queues": ["emails"], "rate_limit": 10000}, 201),
    Row("GET /api/v1/api-keys/{key}", "Key"),
    Row("PUT /api/v1/api-keys/{key}", "Key", {"name": "L", "queues": ["*"], "is_active": False}),
    Row("DELETE /api/v1/api-keys/{key}", status=204),
    # 8 jobs
    Row("POST /api/v1/jobs", "CreatedJob", JOB, 201),
    Row("POST /api/v1/jobs", "Job", {"queue": "emails", "payload": [1], "delay_seconds": None}, 201),
    Row("POST /api/v1/jobs", "CreatedJob", {**JOB, "idempotency_key": "known"}, 200),
    Row("GET /api/v1/jobs?queue_name=emails&limit=200", "[JobSummary]"),
    Row("GET /api/v1/jobs?queue=emails&status=failed,dead_letter", "[JobSummary]"),
    Row("GET /api/v1/jobs/{job}", "Job"),
    Row("GET /api/v1/jobs/{running}", "Job"),
    Row("GET /api/v1/jobs/{done}?include=history", "JobWithHistory"),
    Row("DELETE /api/v1/jobs/{job}", status=204),
    Row("DELETE /api/v1/jobs/{done}", status=409),
    Row("POST /api/v1/jobs/{dead}/retry", "Job"),
    Row("POST /api/v1/jobs/{job}/retry", status=409),
    Row("PUT /api/v1/jobs/{job}/priority", "Priority", {"priority": 100}),
    Row("PUT /api/v1/jobs/{running}/priority", "", {"priority": 1}, 404),
    Row("GET /api/v1/jobs/{done}/history?order_dir=desc&limit=500", "[Event]"),
    Row("GET /api/v1/jobs/stats", "JobStats"),
    Row("GET /api/v1/jobs/status?ids={job},{done},job_unknown", "[JobStatus]"),
    Row("POST /api/v1/jobs/bulk", "Bulk", {"queue_name": "bulk", "jobs": [{"payload": 1}, {"payload": {}}]}),
    Row("POST /api/v1/jobs/claim", "Claim", {"queue_name": "emails", "worker_id": "w", "limit": 100}),
    Row("POST /api/v1/jobs/claim", "Claim", {"queue_name": "nowhere", "worker_id": "w"}),
    Row("POST /api/v1/jobs/dequeue", "DequeuedJob", {"queue": "emails"}),
    Row("POST /api/v1/jobs/{running}/complete", "Completed", {"worker_id": "w1", "lease_id": "{lease}"}),
    Row("POST /api/v1/jobs/{running}/complete", "Completed", {"result": {"a": 1}}),
    Row("POST /api/v1/jobs/{done}/complete", status=409),
    Row(
        "POST /api/v1/jobs/{running}/fail",
        "Failed",
        {"worker_id": "w1", "lease_id": "{lease}", "error": "no"},
    ),
    Row("POST /api/v1/jobs/{running}/fail", "Failed", {"reason": "no", "no_retry": True}),
    Row("POST /api/v1/jobs/{running}/fail", "", {"error": ""}, 400),
    Row("POST /api/v1/jobs/{running}/heartbeat", "Extended", {"worker_id": "w1", "lease_duration_secs": 30}),
    Row("POST /api/v1/jobs/{running}/renew-lease", "Extended", {"extension_seconds": 60}),
    Row("GET /api/v1/jobs/dlq?queue_name=emails", "[DeadJob]"),
    Row("POST /api/v1/jobs/dlq/retry", "DlqRetried", {"job_ids": ["{dead}", "job_unknown"]}),
    Row("POST /api/v1/jobs/dlq/retry", "DlqRetried", {"queue_name": "nowhere", "limit": 1000}),
    Row(
        "POST /api/v1/jobs/dlq/purge", "DlqPurged", {"confirm": True, "queue_name": "emails", "limit": 10000}
    ),
    Row("POST /api/v1/jobs/dlq/purge", "", {"queue_name": "emails"}, 400),
    Row("GET /api/v1/jobs/{step_b}/dependencies", "Dependencies"),
    Row("POST /api/v1/jobs/{job}/dependencies", "DependenciesAdded", {"depends_on": ["{other}"]}),
    Row("POST /api/v1/jobs/{job}/dependencies", "DependenciesAdded", {"dependency_job_ids": ["{other}"]}),
    Row(
        "POST /api/v1/jobs/{job}/dependencies",
        "DependenciesAdded",
        {"depends_on_job_ids": ["{other}"], "dependency_mode": "any"},
    ),
    # 9 queues
    Row("GET /api/v1/queues", "[QueueItem]"),
    Row("POST /api/v1/queues", "Queue", {"name": "q", "max_retries": 0, "retry_delay_seconds": 2}, 201),
    Row("POST /api/v1/queues", "", {"name": "emails"}, 409),
    Row("GET /api/v1/queues/emails", "Queue"),
    Row(
        "PUT /api/v1/queues/new/config",
        "Queue",
        {"queue_name": "new", "default_timeout": 60, "rate_limit": 5},
    ),
    Row("PUT /api/v1/queues/emails/config", "Queue", {"timeout_seconds": 60, "enabled": True}),
    Row("GET /api/v1/queues/emails/stats", "QueueStats"),
    Row("POST /api/v1/queues/emails/pause", "Paused", {"reason": "deploy"}),
    Row("POST /api/v1/queues/emails/resume", "Resumed"),
    Row("DELETE /api/v1/queues/emails", status=409),
    Row("DELETE /api/v1/queues/emails?delete_jobs=true", status=204),
    # 10 workers
    Row("GET /api/v1/workers", "[WorkerItem]"),
    Row("POST /api/v1/workers/register", "Registered", {"queue_name": "emails", "hostname": "h"}, 201),
    Row(
        "POST /api/v1/workers/register",
        "Registered",
        {"queue_names": ["a", "b"], "hostname": "h", "id": "w-1.x", "max_concurrent_jobs": 9, "version": "1"},
        201,
    ),
    Row("GET /api/v1/workers/{worker}", "Worker"),
    Row("POST /api/v1/workers/{worker}/heartbeat", "Acknowledged", {"current_jobs": 0, "status": "draining"}),
    Row("POST /api/v1/workers/{worker}/deregister", status=204),
    # 11 workflows
    Row("GET /api/v1/workflows?status=running&limit=10", "[WorkflowSummary]"),
    Row("POST /api/v1/workflows", "NewWorkflow", {"name": "W", "jobs": STEPS, "metadata": {"a": 1}}, 201),
    Row("POST /api/v1/workflows", "NewWorkflow", {"name": "W", "jobs": GUIDE_STEPS}, 201),
    Row("GET /api/v1/workflows/{workflow}", "Workflow"),
    Row("POST /api/v1/workflows/{workflow}/cancel", "Workflow"),
    Row("POST /api/v1/workflows/{broken}/retry", "Workflow"),
    Row("POST /api/v1/workflows/{workflow}/retry", status=400),
    Row("GET /api/v1/workflows/{broken}/jobs", "[WorkflowJob]"),
    Row("GET /api/v1/workflows/{workflow}/jobs/status", "[StepStatus]"),
    Row("GET /api/v1/workflows/{workflow}/jobs/{step_b}", "WorkflowJob"),
    # 12 schedules
    Row("GET /api/v1/schedules?queue_name=emails&is_active=true", "[Schedule]"),
    Row("POST /api/v1/schedules", "Schedule", CRON, 201),
    Row("POST /api/v1/schedules", "Schedule", GUIDE_CRON, 201),
    Row("POST /api/v1/schedules", "", CRON | {"timezone": "Mars/Base"}, 400),
    Row("POST /api/v1/schedules", "", {name: CRON[name] for name in CRON if name != "payload_template"}, 422),
    Row("GET /api/v1/schedules/{schedule}", "Schedule"),
    Row("PUT /api/v1/schedules/{schedule}", "Schedule", {"queue_name": "elsewhere", "is_active": False}),
    Row("DELETE /api/v1/schedules/{schedule}", status=204),
    Row("POST /api/v1/schedules/{schedule}/pause", "Schedule"),
    Row("POST /api/v1/schedules/{schedule}/resume", "Schedule"),
    Row("POST /api/v1/schedules/{schedule}/trigger", "Triggered"),
    Row("GET /api/v1/schedules/{schedule}/history", "[Run]"),
    # 12 outgoing webhooks
    Row("GET /api/v1/outgoing-webhooks", "[Webhook]"),
    Row("POST /api/v1/outgoing-webhooks", "Webhook", HOOK | {"secret": "s", "format": "teams"}, 201),
    Row("POST /api/v1/outgoing-webhooks", "", HOOK | {"url": "https://169.254.169.254/"}, 400),
    Row("GET /api/v1/outgoing-webhooks/{webhook}", "Webhook"),
    Row("PUT /api/v1/outgoing-webhooks/{webhook}", "Webhook", {"enabled": False, "secret": None}),
    Row("DELETE /api/v1/outgoing-webhooks/{webhook}", status=204),
    Row("POST /api/v1/outgoing-webhooks/{webhook}/test", "Tested"),
    Row("GET /api/v1/outgoing-webhooks/{webhook}/deliveries?status=pending&limit=5", "[Delivery]"),
    Row("POST /api/v1/outgoing-webhooks/{webhook}/retry/{delivery}", "RetriedDelivery"),
    Row("POST /api/v1/outgoing-webhooks/{webhook}/retry/unknown", status=404),
    Row("POST /api/v1/outgoing-webhooks/{webhook}/deliveries/{delivery}/retry", "RetriedDelivery"),
    # 14 dashboard, 15 billing
    Row("GET /api/v1/dashboard", "Dashboard"),
    Row("GET /api/v1/billing/status", "Billing"),
    # 16 admin
    Row("GET /api/v1/admin/organizations?limit=5", "AdminList", headers=ADMIN),
    Row(
        "POST /api/v1/admin/organizations",
        "AdminCreated",
        {"name": "A", "slug": "{new_slug}", "plan_tier": "pro", "custom_limits": {"max_queues": 3}},
        201,
        ADMIN,
    ),
    Row("GET /api/v1/admin/organizations/{org}", "AdminOrganization", headers=ADMIN),
    Row("PATCH /api/v1/admin/organizations/{org}", "Organization", {"custom_limits": None}, headers=ADMIN),
    Row("DELETE /api/v1/admin/organizations/{org}?hard_delete=true", status=204, headers=ADMIN),
    Row("POST /api/v1/admin/organizations/{org}/api-keys", "NewKey", {"name": "A"}, 201, ADMIN),
    Row("POST /api/v1/admin/organizations/{org}/reset-usage", "UsageReset", headers=ADMIN),
    Row("GET /api/v1/admin/stats", "AdminStats", headers=ADMIN),
    Row("GET /api/v1/admin/plans", "[Limits]", headers=ADMIN),
    Row("GET /api/v1/admin/plans", status=401),
]


@pytest.fixture(scope="module")
async def place(settings: Settings) -> AsyncIterator[Place]:
    """One for all rows that only read."""
    core = await open_core(settings)
    async with api_of(core) as api:
        yield await _place(core, await api.new_tenant())
    await core.close()


async def _place(core: Core, org: Tenant) -> Place:
    world = await World.of(org)
    await roll_up.run_once(core, core.clock(), 1.0)
    return Place(org, world)


@pytest.mark.parametrize("row", [row for row in ROWS if row.reads], ids=str)
async def test_a_row_that_reads_answers_as_written(place: Place, row: Row) -> None:
    """The status is the row's and each field of the answer is there with its type."""
    await check(place, row)


@pytest.mark.parametrize("row", [row for row in ROWS if not row.reads], ids=str)
async def test_a_row_that_writes_answers_as_written(org: Tenant, core: Core, row: Row) -> None:
    """As those that read, each in an organization of its own."""
    await check(await _place(core, org), row)


async def check(place: Place, row: Row) -> None:
    method, path = row.request.split()

    response = await place.org.raw(
        method,
        place.world.fill(path),
        json=place.world.fill(row.body),
        headers=place.world.fill(row.headers),
    )

    assert response.status_code == row.status, response.text
    if row.shape:
        assert response.headers["content-type"].startswith("application/json")
        matches(response.json(), row.shape, SHAPES)
    elif row.status == 204:
        assert response.content == b""
    else:
        matches(response.json(), "error:str code:str message:str", SHAPES)
