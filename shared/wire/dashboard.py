"""The answer of the dashboard."""

from datetime import datetime

from shared.wire.vocabulary import AnswerModel


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


class DashboardQueue(AnswerModel):
    """A queue at work."""

    name: str
    pending: int
    processing: int
    paused: bool


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
