"""Requests and answers about jobs."""

from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar

from pydantic import Field, JsonValue, WithJsonSchema

from shared import ids
from shared.errors import InvalidInputError, MalformedInputError
from shared.jobs.claim_wait import LONGEST_WAIT_SECONDS
from shared.jobs.enqueue import NewJob
from shared.jobs.refusal import Hold
from shared.jobs.settle import Completion, Failure
from shared.json_text import json_text, small_text
from shared.settings import Settings
from shared.trace import parse_trace
from shared.webhooks.target import LONGEST_URL
from shared.wire.vocabulary import (
    SEARCHED_JSON,
    AnswerModel,
    Flag,
    Instant,
    Int,
    Json,
    Number,
    Priority,
    QueueName,
    RequestModel,
)

LARGEST_BATCH = 1000
QUEUE_ALIAS: dict[str, tuple[str, ...]] = {"queue_name": ("queue",)}
LeaseSeconds = Annotated[Int, Field(ge=5, le=3600, description="Length of the lease, seconds.")]
WaitSeconds = Annotated[
    Number, Field(ge=0, le=LONGEST_WAIT_SECONDS, description="How long to wait for a job, seconds.")
]
WorkerId = Annotated[str, Field(min_length=1, max_length=255)]
MaxRetries = Annotated[
    Int, Field(ge=0, le=100, description="Retries after the first run; 3 is four attempts.")
]
TimeoutSeconds = Annotated[
    Int, Field(ge=1, le=86_400, description="Lease of a run when the claim names none.")
]
DelaySeconds = Annotated[
    Number, Field(ge=0, le=315_360_000, description="Seconds from now; wins over scheduled_at.")
]
LONGEST_KEY = 255
IdempotencyKey = Annotated[str, Field(min_length=1, max_length=LONGEST_KEY)]
Tags = Annotated[dict[str, Json] | list[Json], SEARCHED_JSON, Field(description="What to find it by.")]
TraceText = Annotated[
    Any,
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "null"}]}),
    Field(description="Of W3C Trace Context; wins over the header. What is none is left out."),
]
ErrorText = Annotated[str, Field(min_length=1, max_length=2048, description="What went wrong.")]


class JobFields(RequestModel):
    """What one job of a request says."""

    keeps_null: ClassVar[frozenset[str]] = frozenset({"payload"})
    payload: Json = Field(description="Any JSON value; it comes back as it was sent.")
    priority: Priority | None = None
    max_retries: MaxRetries | None = None
    timeout_seconds: TimeoutSeconds | None = None
    scheduled_at: Instant | None = None
    delay_seconds: DelaySeconds | None = None
    expires_at: Instant | None = None
    idempotency_key: IdempotencyKey | None = None
    tags: Tags | None = None
    parent_job_id: Annotated[str, Field(max_length=255)] | None = None
    completion_webhook: (
        Annotated[str, Field(json_schema_extra={"minLength": 1, "maxLength": LONGEST_URL})] | None
    ) = None
    completion_webhook_secret: (
        Annotated[str, Field(max_length=255, description="Signs what is sent there; it is never returned.")]
        | None
    ) = None
    traceparent: TraceText = None
    tracestate: TraceText = None

    def new_job(
        self,
        queue: str,
        now: datetime,
        *,
        priority: int = 0,
        max_retries: int | None = None,
        timeout_seconds: int | None = None,
        idempotency_key: str | None = None,
        trace: str | None = None,
    ) -> NewJob:
        """The job to make; what is given here fills what the request leaves open."""
        run_at = self.scheduled_at
        if self.delay_seconds is not None:
            run_at = now + timedelta(seconds=self.delay_seconds)
        return NewJob(
            queue=queue,
            payload=json_text(self.payload, "payload"),
            priority=priority if self.priority is None else self.priority,
            max_retries=max_retries if self.max_retries is None else self.max_retries,
            timeout_seconds=timeout_seconds if self.timeout_seconds is None else self.timeout_seconds,
            idempotency_key=idempotency_key if self.idempotency_key is None else self.idempotency_key,
            run_at=run_at,
            expires_at=self.expires_at,
            tags=small_text(self.tags, "tags"),
            parent_job_id=ids.decode("job", self.parent_job_id) if self.parent_job_id else None,
            completion_webhook=self.completion_webhook,
            completion_webhook_secret=self.completion_webhook_secret,
            trace=parse_trace(self.traceparent, self.tracestate) or trace,
        )


class CreateJob(JobFields):
    """Push a job, like `dispatch()`."""

    aliases: ClassVar[dict[str, tuple[str, ...]]] = QUEUE_ALIAS
    example: ClassVar[dict[str, Any]] = {
        "queue": "emails",
        "payload": {"type": "send_welcome_email", "user_id": 123, "email": "user@example.com"},
        "priority": 10,
        "max_retries": 3,
        "idempotency_key": "welcome-123",
    }
    queue_name: QueueName

    def idempotency_key_or(self, header: str | None) -> str | None:
        """The key of the body or of the Idempotency-Key header, which is the same field elsewhere."""
        if not header:
            return self.idempotency_key
        if len(header) > LONGEST_KEY or not (header.isascii() and header.isprintable()):
            raise InvalidInputError.of_field(
                "idempotency_key", f"the header takes up to {LONGEST_KEY} printable ASCII characters"
            )
        if self.idempotency_key not in {None, header}:
            raise InvalidInputError.of_field(
                "idempotency_key", "the header and the field of the body differ; send one", "alias_conflict"
            )
        return header


class ClaimRequest(RequestModel):
    """Take up to `limit` jobs."""

    aliases: ClassVar[dict[str, tuple[str, ...]]] = QUEUE_ALIAS
    example: ClassVar[dict[str, Any]] = {
        "queue_name": "emails",
        "worker_id": "worker-1",
        "limit": 10,
        "lease_duration_secs": 30,
    }
    queue_name: QueueName
    worker_id: WorkerId
    limit: Annotated[Int, Field(ge=1, le=LARGEST_BATCH)] = 1
    lease_duration_secs: LeaseSeconds | None = None
    wait_seconds: WaitSeconds = 0


class DequeueRequest(RequestModel):
    """Take the next job."""

    aliases: ClassVar[dict[str, tuple[str, ...]]] = QUEUE_ALIAS
    example: ClassVar[dict[str, Any]] = {"queue": "emails", "worker_id": "worker-1"}
    queue_name: QueueName
    worker_id: WorkerId | None = None
    lease_duration_secs: LeaseSeconds | None = None
    wait_seconds: WaitSeconds = 0


class HeldJob(RequestModel):
    """A job that the worker holds."""

    worker_id: WorkerId | None = None
    lease_id: Annotated[str, Field(max_length=255)] | None = None

    def hold(self, public_id: str) -> Hold:
        """What to compare; a lease id that is none matches no job."""
        lease = None if self.lease_id is None else ids.decode("lease", self.lease_id)
        return Hold(ids.decode("job", public_id), lease)

    def require_lease(self, settings: Settings) -> None:
        """Raise MalformedInputError when the setting `require_lease_id` is on and none is given."""
        if settings.require_lease_id and self.lease_id is None:
            raise MalformedInputError.of_field(
                "lease_id", "is required: send the lease_id of the claim", "missing"
            )


class CompleteRequest(HeldJob):
    """Settle a job as done."""

    result: Json | None = None

    def completion(self, public_id: str) -> Completion:
        result = None if self.result is None else json_text(self.result, "result")
        return Completion(self.hold(public_id), result)


class FailRequest(HeldJob):
    """Report a failed attempt."""

    aliases: ClassVar[dict[str, tuple[str, ...]]] = {"error": ("reason",)}
    example: ClassVar[dict[str, Any]] = {"error": "SMTP connection failed"}
    error: ErrorText
    no_retry: Flag = False

    def failure(self, public_id: str) -> Failure:
        return Failure(self.hold(public_id), self.error, self.no_retry)


class HeartbeatRequest(HeldJob):
    """Keep a job a while longer."""

    aliases: ClassVar[dict[str, tuple[str, ...]]] = {
        "lease_duration_secs": ("extension_secs", "extension_seconds")
    }
    example: ClassVar[dict[str, Any]] = {
        "worker_id": "worker-1",
        "lease_id": "lease_01k8x5q2m4c00",
        "lease_duration_secs": 60,
    }
    lease_duration_secs: LeaseSeconds = 30


class ReleaseRequest(HeldJob):
    """Give a job back without burning the attempt."""

    delay_seconds: DelaySeconds = 0


class TracedAnswer(AnswerModel):
    """The trace that a job was pushed in."""

    traceparent: str | None = Field(
        default=None,
        description="Of W3C Trace Context; there only when the job has a trace.",
        examples=["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"],
    )
    tracestate: str | None = Field(default=None, description="There only when the trace has one.")


class JobAnswer(TracedAnswer):
    """A job whole, under the names of both dialects."""

    id: str = Field(examples=["job_01k8x5q2m4c00"])
    organization_id: str
    queue_name: str
    queue: str
    status: str
    payload: JsonValue
    result: JsonValue | None
    retry_count: int
    attempt: int
    attempts: int
    max_retries: int
    last_error: str | None
    created_at: datetime
    updated_at: datetime
    scheduled_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    expires_at: datetime | None
    priority: int
    tags: JsonValue | None
    timeout_seconds: int
    parent_job_id: str | None
    completion_webhook: str | None
    assigned_worker_id: str | None
    lease_id: str | None
    lease_expires_at: datetime | None
    leased_until: datetime | None
    idempotency_key: str | None
    workflow_id: str | None
    dependency_mode: str | None
    dependencies_met: bool


class CreatedJobAnswer(JobAnswer):
    """The job, and whether this request made it."""

    created: bool


class SettledJobAnswer(JobAnswer):
    """The job after it was settled."""

    success: bool


class FailedJobAnswer(SettledJobAnswer):
    """The job after a failed attempt."""

    will_retry: bool
    next_retry_at: datetime | None


class HeartbeatAnswer(AnswerModel):
    """The new end of the lease."""

    success: bool
    lease_expires_at: datetime
    leased_until: datetime


class ClaimedJobAnswer(TracedAnswer):
    """A job in a worker's hands."""

    id: str
    queue_name: str
    queue: str
    status: str
    payload: JsonValue
    priority: int
    retry_count: int
    attempt: int
    attempts: int
    max_retries: int
    last_error: str | None = Field(description="Of the attempt before this one.")
    timeout_seconds: int
    idempotency_key: str | None
    worker_id: str
    assigned_worker_id: str
    lease_id: str
    lease_expires_at: datetime
    leased_until: datetime
    created_at: datetime
    started_at: datetime
    scheduled_at: datetime | None
    tags: JsonValue | None
    workflow_id: str | None
    key: str | None = Field(default=None, description="The key of a workflow's step.")
    parents: dict[str, JsonValue] | None = Field(
        default=None, description="A workflow's step has the results of its finished parents, by their key."
    )


class ClaimAnswer(AnswerModel):
    """The jobs that were taken."""

    jobs: list[ClaimedJobAnswer]


class JobSummaryAnswer(AnswerModel):
    """A job in a list."""

    id: str
    queue_name: str
    queue: str
    status: str
    priority: int
    retry_count: int
    attempt: int
    attempts: int
    max_retries: int
    job_type: str
    last_error: str | None
    created_at: datetime
    scheduled_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
