"""The answer of the dashboard."""

from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import Field

from shared.wire.vocabulary import AnswerModel, QueueName, RequestModel


class ActivityQuery(RequestModel):
    """How far back, and of which queue."""

    aliases: ClassVar[dict[str, tuple[str, ...]]] = {"queue_name": ("queue",)}
    hours: Annotated[int, Field(ge=1, le=24)] = 3
    queue_name: QueueName | None = Field(None, description="Only this queue.")


class DashboardSystem(AnswerModel):
    """The service itself."""

    version: str
    uptime_seconds: int
    started_at: datetime
    database_status: str
    cache_status: str
    environment: str


class DashboardJobs(AnswerModel):
    """Jobs by state; `total` is what is unfinished, dead, or finished within a day."""

    total: int
    pending: int
    processing: int
    completed_24h: int
    failed_24h: int
    deadletter: int
    avg_wait_time_ms: float | None
    avg_processing_time_ms: float | None
    oldest_job_age_seconds: int | None = Field(description="Of the jobs that are due, in the queues below.")


class DashboardQueue(AnswerModel):
    """A queue at work."""

    name: str
    pending: int
    processing: int
    paused: bool
    oldest_job_age_seconds: int | None = Field(description="Of the jobs that are due.")


class DashboardWorkers(AnswerModel):
    """Who works."""

    total: int
    healthy: int
    unhealthy: int


class DashboardActivity(AnswerModel):
    """The last hour."""

    jobs_created_1h: int
    jobs_completed_1h: int
    jobs_failed_1h: int


class DashboardAnswer(AnswerModel):
    """Everything on one page."""

    system: DashboardSystem
    jobs: DashboardJobs
    queues: list[DashboardQueue]
    workers: DashboardWorkers
    recent_activity: DashboardActivity


class ActivityStep(AnswerModel):
    """What was made and what ended in one step of time; averages are of the jobs that completed in it."""

    starts_at: datetime
    created: int
    completed: int
    failed: int
    avg_wait_time_ms: float | None
    avg_processing_time_ms: float | None


class ActivityAnswer(AnswerModel):
    """Steps of equal length, the oldest first; the newest ended some minutes ago, when it was counted."""

    step_seconds: int
    steps: list[ActivityStep]
