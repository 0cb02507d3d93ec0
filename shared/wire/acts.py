"""Acts on many jobs: what is asked, and what is answered."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from shared.jobs.acts.manage import ActFilter
from shared.jobs.acts.request import ActRequest
from shared.jobs.filtering import JobFilter, parse_statuses
from shared.wire.jobs import LARGEST_BATCH, QUEUE_ALIAS, JobSummaryAnswer
from shared.wire.vocabulary import AnswerModel, Instant, Priority, QueueName, RequestModel

ActName = Literal["retry", "cancel", "delete", "set_priority", "move"]
ActStatus = Literal["pending", "running", "completed", "aborted", "failed"]


class ActJobs(RequestModel):
    """Which jobs: the filters of the list of jobs, or some that are named.

    Without a status, those that the act is about.
    """

    aliases: ClassVar[dict[str, tuple[str, ...]]] = QUEUE_ALIAS
    queue_name: Annotated[str, Field(max_length=100)] | None = None
    status: Annotated[str, Field(max_length=200, description="One status or a comma list.")] | None = None
    job_type: Annotated[str, Field(max_length=1024, description="Exact `payload.job_type`.")] | None = None
    tag: (
        Annotated[str, Field(max_length=1024, description="Key of the tags object, or element of the array.")]
        | None
    ) = None
    q: (
        Annotated[
            str,
            Field(min_length=1, max_length=255, description="Head of an id, part of a queue, a type."),
        ]
        | None
    ) = None
    created_after: Instant | None = None
    created_before: Instant | None = None
    cause: (
        Annotated[str, Field(max_length=255, description="Id of a group of `GET /api/v1/jobs/dlq/causes`.")]
        | None
    ) = None
    job_ids: (
        Annotated[
            list[Annotated[str, Field(max_length=255)]],
            Field(min_length=1, max_length=LARGEST_BATCH, description="These alone."),
        ]
        | None
    ) = None

    def filter(self) -> JobFilter:
        return JobFilter(
            queue=self.queue_name,
            statuses=parse_statuses(self.status),
            q=self.q,
            job_type=self.job_type,
            tag=self.tag,
            created_after=self.created_after,
            created_before=self.created_before,
            cause=self.cause,
            job_ids=None if self.job_ids is None else tuple(self.job_ids),
        )


class ActArguments(RequestModel):
    """What the act needs: `priority` for set_priority, `queue_name` (where to) for move."""

    aliases: ClassVar[dict[str, tuple[str, ...]]] = QUEUE_ALIAS
    priority: Priority | None = None
    queue_name: QueueName | None = None


class PreviewActRequest(RequestModel):
    """An act on all jobs of a filter; an empty filter is all jobs that the act is about."""

    example: ClassVar[dict[str, Any] | None] = {
        "act": "retry",
        "filter": {"queue_name": "emails", "status": "deadletter"},
    }
    act: ActName
    filter: ActJobs
    arguments: ActArguments = ActArguments()

    def request(self) -> ActRequest:
        """The act with the arguments that it needs and no others."""
        needed = {"set_priority": "priority", "move": "queue_name"}.get(self.act, "")
        value = getattr(self.arguments, needed, None)
        return ActRequest(self.act, self.filter.filter(), {} if value is None else {needed: value})


class ConfirmActRequest(PreviewActRequest):
    """The same as was previewed, with the token of the preview."""

    example: ClassVar[dict[str, Any] | None] = {
        "act": "retry",
        "filter": {"queue_name": "emails", "status": "deadletter"},
        "token": "the token of the preview",
    }
    token: (
        Annotated[str, Field(max_length=2048, description="Of `POST /api/v1/jobs/acts/preview`.")] | None
    ) = None


class ListActsQuery(RequestModel):
    """Which acts, and which page of them."""

    status: ActStatus | None = None
    limit: Annotated[int, Field(ge=0, description="At most 1000; more is cut, not refused.")] = 50
    offset: Annotated[int, Field(ge=0, le=1_000_000)] = 0

    def filter(self) -> ActFilter:
        return ActFilter(self.status, self.limit, self.offset)


class SkippedJobs(AnswerModel):
    """Jobs of the filter that the act leaves alone, and why."""

    status: str
    count: int
    reason: str


class PreviewAnswer(AnswerModel):
    """What an act would do. Of more than 100,000 jobs of one status `matched` is "at least"."""

    act: ActName
    filter: dict[str, Any]
    arguments: dict[str, Any]
    matched: int = Field(description="Jobs that the act would change.")
    matched_is_exact: bool
    by_status: dict[str, int] = Field(description="Jobs of the filter, at most 100,000 of each status.")
    skipped: list[SkippedJobs]
    sample: list[JobSummaryAnswer] = Field(
        description="The ten newest that would be changed; none for a key without `jobs:read`."
    )
    token: str
    expires_at: datetime


class ActorAnswer(AnswerModel):
    """Who: an API key with its name, or a person with the address, for those who may read the members."""

    type: Literal["api_key", "user"]
    id: str
    name: str | None


class ActAnswer(AnswerModel):
    """An act, and how far it is. In the end `matched` is `done`, `skipped` and `failed` together."""

    id: str
    act: ActName
    filter: dict[str, Any]
    arguments: dict[str, Any]
    status: ActStatus
    matched: int
    matched_is_exact: bool
    done: int
    skipped: int = Field(description="Changed otherwise between the preview and their turn.")
    failed: int = Field(description="The database refused to change them.")
    progress: float = Field(description="From 0 to 1.")
    error: str | None = Field(description="Why it failed.")
    created_by: ActorAnswer
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
