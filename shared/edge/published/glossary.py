"""What the fields of the API mean, with a real value of each: said once, whichever models have the field.

A model's own description or example goes before. Loaded with the document, never for a request.
"""

from typing import Any, NamedTuple


class Term(NamedTuple):
    """A meaning, empty where the name is enough, and an example."""

    meaning: str
    example: Any


_SETTLED = "2030-01-31T09:00:04Z"
_NOW = "2030-01-31T09:00:00Z"
_SOON = "2030-01-31T09:05:00Z"
_PAYLOAD = {"type": "send_welcome_email", "user_id": 123, "email": "user@example.com"}

TERMS: dict[str, Term] = {
    "access_token": Term("Send it as `Authorization: Bearer`.", "eyJhbGciOi.eyJvcmciOi.c2lnbmVk"),
    "added": Term("The same as `dependencies_added`.", 1),
    "added_count": Term("The same as `dependencies_added`.", 1),
    "api_key": Term("", "sk_live_Vb3nL0dT9xQ7wYc2KpZs"),
    "api_key_id": Term("", "key_01k8x5q2m4c00"),
    "assigned_worker_id": Term("Who holds or last held the job.", "worker-1"),
    "attempt": Term("The same as `retry_count`.", 0),
    "attempts": Term("Runs begun so far: 1 while the first one runs.", 1),
    "avg_processing_time_ms": Term("From start to completion, of the last 24 hours.", 812.5),
    "avg_wait_time_ms": Term("From due to started, of the last 24 hours.", 35.2),
    "backoff_base_seconds": Term("The same as `retry_delay_seconds`.", 60.0),
    "backoff_max_seconds": Term("No delay before a retry is longer.", 3600.0),
    "backoff_multiplier": Term("Each delay is that many times the one before.", 2.0),
    "billing_email": Term("Where bills go.", "billing@example.com"),
    "by_plan": Term("", []),
    "code": Term("Machine code of the refusal.", "LEASE_EXPIRED"),
    "completed_at": Term("When it was done.", None),
    "completion_webhook": Term(
        "A URL that is called when the job is completed or dead.", "https://example.com/hook"
    ),
    "concurrency": Term("Jobs of the queue that may run at once; null is no limit.", 10),
    "created": Term("False when an idempotency key was known: this is the first job.", True),
    "created_at": Term("", _NOW),
    "cron_expression": Term("As it was given: five fields, or six with the second first.", "0 9 * * *"),
    "custom_limits": Term("Limits in place of the plan's.", None),
    "deadletter": Term("Jobs that failed too often and wait for a retry.", 0),
    "default_timeout": Term("The same as `timeout_seconds`.", 300),
    "delay_seconds": Term("", 3600),
    "dependencies_met": Term("Whether the jobs that it waits for are done.", True),
    "dependency_mode": Term("Wait for `all` parents, or for `any`.", "all"),
    "depends_on": Term("What must be done before it.", []),
    "details": Term("The fields that are wrong, or the facts of a limit.", None),
    "description": Term("", None),
    "email": Term("", "user@example.com"),
    "email_sent_to": Term("Where the code went, masked.", "j***n@example.com"),
    "email_to": Term("The same as `email_sent_to`.", "j***n@example.com"),
    "error": Term("What went wrong.", "Connection refused"),
    "event_type": Term(
        "`created`, `claimed`, `completed`, `failed`, `retried`, `cancelled` and others.", "claimed"
    ),
    "exists": Term("Whether somebody has it here.", False),
    "expires_at": Term("From when on it is void; null is never.", None),
    "expires_in": Term("Lifetime, seconds.", 3600),
    "exp": Term("End, Unix seconds.", 1896080400),
    "has_organizations": Term("Whether they belong to one.", False),
    "iat": Term("Start, Unix seconds.", 1896076800),
    "heartbeat_interval_secs": Term("Send a heartbeat that often.", 10),
    "history_retention_days": Term("How long histories and deliveries can be read.", 1),
    "hostname": Term("", "web-1.example.com"),
    "id": Term("", "job_01k8x5q2m4c00"),
    "idempotency_key": Term("A second job with it is not made: the first is the answer.", "order-42"),
    "invited_by": Term("The person who did; null for an API key, or nobody.", None),
    "is_active": Term("", True),
    "is_disabled": Term("The plan does not have this at all.", False),
    "issued_at": Term("", _NOW),
    "job_id": Term("", "job_01k8x5q2m4c00"),
    "child_job_id": Term("", "job_01k8x5q2m4c01"),
    "job_retention_days": Term("How long finished jobs can be read.", 7),
    "job_type": Term("`payload.job_type`, empty when there is none.", "send_welcome_email"),
    "joined_at": Term("", _NOW),
    "key": Term("The secret: `Authorization: Bearer <key>`.", "sk_live_Vb3nL0dT9xQ7wYc2KpZs"),
    "key_prefix": Term("The head of the secret, to know it by.", "sk_live_Vb3n"),
    "last_error": Term("Why the last attempt failed.", None),
    "last_heartbeat": Term("", _NOW),
    "last_run_at": Term("When it fired last.", None),
    "last_used": Term("Written at most once in five minutes.", _NOW),
    "lease_duration_secs": Term("Length of the lease, seconds.", 300),
    "lease_expires_at": Term("Until then the job is the worker's.", _SOON),
    "lease_id": Term("Of this claim: a settle that names another is refused.", "lease_01k8x5q2m4c00"),
    "leased_until": Term("The same as `lease_expires_at`.", _SOON),
    "local_time": Term("In the schedule's time zone.", "2030-01-31T09:00:00-05:00"),
    "logo_url": Term("", None),
    "max_concurrency": Term("Jobs that the worker runs at once.", 5),
    "max_concurrent_jobs": Term("The same as `max_concurrency`.", 5),
    "current_job_count": Term("The same as `current_jobs`.", 0),
    "max_retries": Term("Retries after the first run; 3 is four attempts.", 3),
    "message": Term("Text for people.", "queue_name: Field required"),
    "metadata": Term("Anything you want to keep beside it.", None),
    "misfire_policy": Term("What becomes of fires that were missed.", "last"),
    "name": Term("", "daily-report"),
    "next_retry_at": Term("When it runs again.", _SOON),
    "next_run_at": Term("When it fires next.", _SOON),
    "org_id": Term("", "org_01k8x5q2m4c00"),
    "organization_id": Term("The organization that owns it.", "org_01k8x5q2m4c00"),
    "parent_job_id": Term("The job that this one belongs to.", None),
    "paused_duration_secs": Term("How long it was paused.", 120),
    "payload": Term("As it was sent.", _PAYLOAD),
    "payload_template": Term("The payload of every job that it makes.", {"type": "generate_daily_report"}),
    "percentage": Term("`current` of `limit`; null without a limit.", 10.0),
    "permissions": Term("What the key may do; null is everything.", ["jobs:write", "jobs:read"]),
    "plan": Term("", "free"),
    "plan_tier": Term("`free`, `starter`, `pro` or `enterprise`.", "free"),
    "planned_at": Term("The instant that the cron named.", _NOW),
    "priority": Term("Higher runs first, -100 to 100.", 0),
    "progress_percent": Term("0 to 100.", 50.0),
    "queue": Term("The same as `queue_name`.", "emails"),
    "queue_name": Term("", "emails"),
    "queue_names": Term("", ["emails"]),
    "queues": Term("", []),
    "rate_limit": Term("Starts per second on a queue, requests per minute on a key; null is no limit.", None),
    "rate_limit_burst": Term("Requests that may come at once.", 10),
    "reason": Term("", "Maintenance"),
    "refresh_token": Term("For `POST /auth/refresh`.", "eyJhbGciOi.cmVmcmVzaA.c2lnbmVk"),
    "result": Term("What the worker returned.", None),
    "retry_count": Term("Failed attempts so far.", 0),
    "retry_delay_seconds": Term("Before the first retry; it doubles from then on.", 60.0),
    "return_url": Term("", "https://example.com/account"),
    "role": Term("`owner`, `admin` or `member`.", "member"),
    "run_at": Term("In UTC.", _NOW),
    "scheduled_at": Term("Not before.", None),
    "schedule_id": Term("", "sched_01k8x5q2m4c00"),
    "settings": Term("Free settings.", {}),
    "signup_enabled": Term("Whether anybody may make an organization.", True),
    "signup_token": Term("For `POST /auth/signup/complete`, once.", "mJ4d0vYc2KpZsQ7wVb3nL0dT9xU"),
    "slug": Term("", "my-company"),
    "started_at": Term("", _NOW),
    "status": Term("", "processing"),
    "tags": Term("What to find it by.", ["welcome"]),
    "tier": Term("", "free"),
    "timeout_ms": Term("The same as `timeout_seconds`, in milliseconds.", 300_000),
    "timeout_seconds": Term("Length of a lease when the claim names none.", 300),
    "timezone": Term("IANA name.", "America/New_York"),
    "token": Term("", "eyJhbGciOi.eyJvcmciOi.c2lnbmVk"),
    "token_type": Term("", "Bearer"),
    "triggered_at": Term("", _NOW),
    "updated_at": Term("", _NOW),
    "uptime_seconds": Term("", 86_400),
    "url": Term("", "https://example.com/spooled"),
    "user_id": Term("A person.", "user_01k8x5q2m4c00"),
    "version": Term("", "1.0.0"),
    "webhook_url": Term("", "https://spooled.example.com/api/v1/webhooks/org_01k8x5q2m4c00/custom"),
    "worker_id": Term("Any name of yours for the worker.", "worker-1"),
    "workflow_id": Term("The workflow of which it is a step.", None),
    "will_retry": Term("False: it is a dead letter now.", True),
}
"""By the name of the field, in every model."""

IDS = {
    "Key": "key_01k8x5q2m4c00",
    "Member": "member_01k8x5q2m4c00",
    "Organization": "org_01k8x5q2m4c00",
    "Queue": "queue_01k8x5q2m4c00",
    "Run": "run_01k8x5q2m4c00",
    "Schedule": "sched_01k8x5q2m4c00",
    "Worker": "worker-1",
    "WorkflowJob": "job_01k8x5q2m4c00",
    "Workflow": "wf_01k8x5q2m4c00",
}
"""Examples of `id`, by a word in the name of the model; elsewhere it is a job's."""

_UNHELD: dict[str, Any] = {"assigned_worker_id": None, "lease_id": None, "leased_until": None}
_UNHELD |= {"lease_expires_at": None, "started_at": None}
_DONE = {"status": "completed", "completed_at": _SETTLED, "result": {"email_sent": True}}
_FAILURE = "SMTP connection failed"
EXAMPLES: dict[str, dict[str, Any]] = {
    "CompletedJob": _UNHELD | _DONE | {"started_at": _NOW, "assigned_worker_id": "worker-1", "next": None},
    "CreatedJob": _UNHELD | {"status": "pending", "attempts": 0},
    "DeadJob": _UNHELD | {"status": "deadletter", "retry_count": 3, "attempt": 3, "last_error": _FAILURE},
    "FailedJob": _UNHELD | {"status": "pending", "retry_count": 1, "attempt": 1, "last_error": _FAILURE},
    "Workflow": {"status": "running"},
    "WorkflowJob": {"key": "send-welcome", "name": "send-welcome", "error": None},
    "WorkflowSummary": {"status": "running"},
}
"""Fields in which the example of a model differs from what the terms say, to be true as a whole."""
