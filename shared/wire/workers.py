"""Requests and answers about workers."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, JsonValue, model_validator

from shared.json_text import small_text
from shared.wire.vocabulary import NAME_PATTERN, AnswerModel, Int, Json, RequestModel
from shared.workers.registry import Heartbeat, Registration

LARGEST_METADATA = 16_384
Status = Literal["healthy", "degraded", "offline", "draining"]
Queue = Annotated[str, Field(min_length=1, max_length=100, examples=["emails"])]


class RegisterWorker(RequestModel):
    """A worker that comes. Without an id it gets one; with the id of before it is the worker of before."""

    aliases: ClassVar[dict[str, tuple[str, ...]]] = {
        "queue_name": ("queue",),
        "worker_id": ("id",),
        "max_concurrency": ("max_concurrent_jobs",),
    }
    example: ClassVar[dict[str, Any]] = {
        "queue_name": "emails",
        "hostname": "web-1.example.com",
        "max_concurrency": 5,
    }
    queue_name: Queue
    queue_names: Annotated[list[Queue], Field(max_length=100)] | None = None
    hostname: Annotated[str, Field(min_length=1, max_length=255)]
    worker_id: Annotated[str, Field(min_length=1, max_length=128, pattern=NAME_PATTERN)] | None = None
    worker_type: Annotated[str, Field(max_length=100)] | None = None
    max_concurrency: Annotated[Int, Field(ge=1, le=100)] = 5
    metadata: Json = None
    version: Annotated[str, Field(max_length=100)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _queue_names_will_do(cls, data: Any) -> Any:
        if not isinstance(data, dict) or any(data.get(name) is not None for name in ("queue_name", "queue")):
            return data
        names = data.get("queue_names")
        return data | {"queue_name": names[0]} if isinstance(names, list) and names else data

    def registration(self, new_id: str) -> Registration:
        """What to note; `new_id` is for a worker that brings none."""
        return Registration(
            worker_id=self.worker_id or new_id,
            queues=tuple(dict.fromkeys([self.queue_name, *(self.queue_names or ())])),
            hostname=self.hostname,
            max_concurrency=self.max_concurrency,
            worker_type=self.worker_type,
            version=self.version,
            metadata=small_text(self.metadata, "metadata", LARGEST_METADATA),
        )


class WorkerHeartbeat(RequestModel):
    """A worker that is still there."""

    aliases: ClassVar[dict[str, tuple[str, ...]]] = {"current_jobs": ("current_job_count",)}
    current_jobs: Annotated[Int, Field(ge=0, le=1_000_000)]
    status: Status | None = None
    metadata: JsonValue = None

    def heartbeat(self) -> Heartbeat:
        return Heartbeat(
            self.current_jobs, self.status, small_text(self.metadata, "metadata", LARGEST_METADATA)
        )


class RegisteredWorkerAnswer(AnswerModel):
    """The worker is noted; it should claim with this lease and be heard of at this interval."""

    id: str
    queue_name: str
    queue_names: list[str]
    lease_duration_secs: int
    heartbeat_interval_secs: int


class AcknowledgedAnswer(AnswerModel):
    """The heartbeat was noted."""

    acknowledged: bool


class WorkerSummaryAnswer(AnswerModel):
    """A worker in a list. Two missed heartbeats make it degraded, five offline."""

    id: str
    queue_name: str
    queue_names: list[str]
    hostname: str
    status: Status
    current_jobs: int
    max_concurrency: int
    last_heartbeat: datetime
    version: str | None


class WorkerAnswer(WorkerSummaryAnswer):
    """A worker whole, under the names of both dialects."""

    organization_id: str
    worker_type: str | None
    max_concurrent_jobs: int
    current_job_count: int
    metadata: Any
    registered_at: datetime
    created_at: datetime
    updated_at: datetime
