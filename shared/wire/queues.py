"""Requests and answers about queues."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field, JsonValue

from shared.json_text import settings_text
from shared.queues.model import SETTINGS_OF_COLUMNS, QueueConfig
from shared.wire.jobs import MaxRetries, TimeoutSeconds
from shared.wire.vocabulary import AnswerModel, Flag, Int, QueueName, RequestModel

LONGEST_DELAY_SECONDS = 2_592_000
Delay = Annotated[
    float, Field(strict=True, ge=0, le=LONGEST_DELAY_SECONDS, description="Seconds; 30 days at most.")
]
DelayMs = Annotated[float, Field(strict=True, ge=0, le=LONGEST_DELAY_SECONDS * 1000)]
Multiplier = Annotated[float, Field(strict=True, ge=1, le=100, description="1 makes the delay fixed.")]
RateLimit = Annotated[Int, Field(ge=1, le=100_000, description="Starts per second.")]
Concurrency = Annotated[Int, Field(ge=1, le=1_000_000, description="Jobs that run at once.")]
_CONFIG_ALIASES: dict[str, tuple[str, ...]] = {
    "timeout_seconds": ("default_timeout",),
    "retry_delay_seconds": ("backoff_base_seconds",),
}


class QueueSettings(RequestModel):
    """Free settings, merged into those that are there, and the dashboard's names of some fields.

    A null removes `rate_limit`, `concurrency` or `description`.
    """

    model_config = ConfigDict(extra="allow", frozen=True)
    keeps_null: ClassVar[frozenset[str]] = frozenset({"rate_limit", "concurrency", "description"})
    description: Annotated[str, Field(max_length=1000)] | None = None
    rate_limit: RateLimit | None = None
    concurrency: Concurrency | None = None
    retry_delay_ms: DelayMs | None = None
    backoff_multiplier: Multiplier | None = None
    max_retry_delay_ms: DelayMs | None = None

    def kept(self) -> dict[str, Any]:
        """What stands in no column."""
        given = {"description": self.description} if self.description is not None else {}
        extra = {key: value for key, value in (self.model_extra or {}).items() if value is not None}
        return {key: value for key, value in (given | extra).items() if key not in SETTINGS_OF_COLUMNS}

    def lifted(self) -> frozenset[str]:
        return frozenset(
            name for name in self.keeps_null & self.model_fields_set if getattr(self, name) is None
        )


class ConfigureQueue(RequestModel):
    """What to change; what is not named stays. A field wins over its twin in `settings`."""

    aliases: ClassVar[dict[str, tuple[str, ...]]] = _CONFIG_ALIASES
    max_retries: MaxRetries | None = None
    timeout_seconds: TimeoutSeconds | None = None
    retry_delay_seconds: Delay | None = None
    backoff_multiplier: Multiplier | None = None
    backoff_max_seconds: Delay | None = None
    rate_limit: RateLimit | None = None
    concurrency: Concurrency | None = None
    enabled: Flag | None = None
    settings: QueueSettings = QueueSettings()

    def config(self) -> QueueConfig:
        settings = self.settings
        return QueueConfig(
            max_retries=self.max_retries,
            timeout_seconds=self.timeout_seconds,
            retry_delay_seconds=_first(self.retry_delay_seconds, _seconds(settings.retry_delay_ms)),
            backoff_multiplier=_first(self.backoff_multiplier, settings.backoff_multiplier),
            backoff_max_seconds=_first(self.backoff_max_seconds, _seconds(settings.max_retry_delay_ms)),
            rate_limit=self.rate_limit or settings.rate_limit,
            concurrency=self.concurrency or settings.concurrency,
            enabled=self.enabled,
            settings=settings_text(settings.kept(), "settings"),
            lifted=settings.lifted(),
        )


class CreateQueue(ConfigureQueue):
    """A new queue."""

    aliases: ClassVar[dict[str, tuple[str, ...]]] = {**_CONFIG_ALIASES, "name": ("queue_name", "queue")}
    example: ClassVar[dict[str, Any]] = {
        "name": "emails",
        "max_retries": 3,
        "retry_delay_seconds": 60,
        "timeout_seconds": 300,
    }
    name: QueueName


class PutQueueConfig(ConfigureQueue):
    """What to change in the queue that the path names; a `queue_name` in the body says nothing."""


class PauseQueue(RequestModel):
    """Why the queue is paused."""

    reason: Annotated[str, Field(max_length=500)] | None = None


class ListQueuesQuery(RequestModel):
    """What to show beside the queues."""

    include: Literal["stats"] | None = None


class DeleteQueueQuery(RequestModel):
    """Whether its jobs go too."""

    delete_jobs: bool = False


def _first(field: float | None, twin: float | None) -> float | None:
    return twin if field is None else field


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


class QueueAnswer(AnswerModel):
    """A queue, under the names of both dialects."""

    id: str = Field(examples=["queue_01k8x5q2m4c00"])
    organization_id: str
    name: str
    queue_name: str
    max_retries: int
    timeout_seconds: int
    default_timeout: int
    retry_delay_seconds: float
    backoff_base_seconds: float
    backoff_multiplier: float
    backoff_max_seconds: float
    rate_limit: int | None
    concurrency: int | None
    enabled: bool = Field(description="Whether it gives out jobs: false also while it is paused.")
    paused: bool
    paused_at: datetime | None
    pause_reason: str | None
    paused_by: str | None = Field(description="Id of the API key or the person.", examples=[None])
    settings: dict[str, JsonValue]
    created_at: datetime
    updated_at: datetime


class QueueStatsAnswer(AnswerModel):
    """What a queue is doing."""

    queue_name: str
    queue: str
    pending_jobs: int
    processing_jobs: int
    completed_jobs_24h: int
    failed_jobs_24h: int
    avg_processing_time_ms: float | None
    max_job_age_seconds: int | None = Field(description="Age of the oldest job that is due.")
    active_workers: int = Field(description="Workers that hold a job of this queue.")
    pending: int
    scheduled: int
    processing: int
    completed: int = Field(description="In the last 24 hours.")
    failed: int = Field(description="In the last 24 hours.")
    deadletter: int
    paused: bool
    oldest_job_age_seconds: int | None


class ListedQueueStatsAnswer(AnswerModel):
    """What a queue in a list is doing."""

    pending: int
    scheduled: int
    processing: int
    completed: int = Field(description="In the last 24 hours.")
    failed: int = Field(description="In the last 24 hours.")
    deadletter: int
    oldest_job_age_seconds: int | None = Field(description="Age of the oldest job that is due.")


class ListedQueueAnswer(QueueAnswer):
    """A queue in a list; `stats` when they were asked for."""

    stats: ListedQueueStatsAnswer | None = None


class PausedQueueAnswer(AnswerModel):
    """The queue gives out no jobs."""

    queue_name: str
    queue: str
    paused: bool
    paused_at: datetime
    reason: str | None


class ResumedQueueAnswer(AnswerModel):
    """The queue gives out jobs again."""

    queue_name: str
    queue: str
    resumed: bool
    paused_duration_secs: int
