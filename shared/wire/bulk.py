"""Requests and answers about many new jobs at once."""

from datetime import datetime
from typing import Annotated, Any, ClassVar

from pydantic import Field

from shared.jobs.enqueue import NewJob
from shared.wire.jobs import LARGEST_BATCH, QUEUE_ALIAS, JobFields, MaxRetries, TimeoutSeconds
from shared.wire.vocabulary import AnswerModel, Priority, QueueName, RequestModel


class BulkJob(JobFields):
    """One job of a bulk request."""

    aliases: ClassVar[dict[str, tuple[str, ...]]] = QUEUE_ALIAS
    queue_name: QueueName | None = None


class BulkEnqueue(RequestModel):
    """Push up to a thousand jobs at once."""

    aliases: ClassVar[dict[str, tuple[str, ...]]] = QUEUE_ALIAS
    example: ClassVar[dict[str, Any]] = {
        "queue_name": "emails",
        "jobs": [{"payload": {"user_id": 1}}, {"payload": {"user_id": 2}, "priority": 5}],
    }
    queue_name: QueueName
    jobs: Annotated[list[BulkJob], Field(min_length=1, max_length=LARGEST_BATCH)]
    default_priority: Priority | None = None
    default_max_retries: MaxRetries | None = None
    default_timeout_seconds: TimeoutSeconds | None = None

    def new_job(self, job: BulkJob, now: datetime, trace: str | None) -> NewJob:
        """The job to make of one of `jobs`; `trace` is that of the request, for one that names none."""
        return job.new_job(
            job.queue_name or self.queue_name,
            now,
            priority=self.default_priority or 0,
            max_retries=self.default_max_retries,
            timeout_seconds=self.default_timeout_seconds,
            trace=trace,
        )


class BulkItemAnswer(AnswerModel):
    """One job that was made, or was there already."""

    index: int
    job_id: str
    created: bool


class BulkFailureAnswer(AnswerModel):
    """One job that was refused."""

    index: int
    error: str


class BulkAnswer(AnswerModel):
    """What became of each job of a bulk request."""

    succeeded: list[BulkItemAnswer]
    failed: list[BulkFailureAnswer]
    total: int
    success_count: int
    failure_count: int
