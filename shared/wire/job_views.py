"""Looking at jobs: lists, statuses, statistics, histories; and the dead-letter queue as a whole."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, JsonValue

from shared.errors import InvalidInputError
from shared.jobs.dead import DeadFilter
from shared.jobs.filtering import JobFilter, parse_statuses
from shared.wire.jobs import LARGEST_BATCH, QUEUE_ALIAS, JobAnswer
from shared.wire.vocabulary import AnswerModel, Flag, Instant, Int, Priority, QueueName, RequestModel

LARGEST_HISTORY_PAGE = 500
LARGEST_PURGE = 10_000
DEAD_AT_ONCE = 100
MOST_STATUSES = 100


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


OrderBy = Literal[
    "created_at",
    "updated_at",
    "scheduled_at",
    "started_at",
    "completed_at",
    "priority",
    "queue_name",
    "retry_count",
]
OrderDir = Annotated[Literal["asc", "desc"], BeforeValidator(_lower)]


class ListDeadJobsQuery(RequestModel):
    """Filters and page of a list of dead jobs."""

    aliases: ClassVar[dict[str, tuple[str, ...]]] = QUEUE_ALIAS
    queue_name: Annotated[str, Field(max_length=100)] | None = None
    q: (
        Annotated[
            str,
            Field(min_length=1, max_length=255, description="Head of an id, part of a queue, a type."),
        ]
        | None
    ) = None
    job_type: Annotated[str, Field(max_length=1024, description="Exact `payload.job_type`.")] | None = None
    tag: (
        Annotated[str, Field(max_length=1024, description="Key of the tags object, or element of the array.")]
        | None
    ) = None
    created_after: Instant | None = None
    created_before: Instant | None = None
    cause: (
        Annotated[str, Field(max_length=255, description="Id of a group of `GET /api/v1/jobs/dlq/causes`.")]
        | None
    ) = None
    order_by: OrderBy = "created_at"
    order_dir: OrderDir = "desc"
    limit: Annotated[int, Field(ge=0, description="At most 1000; more is cut, not refused.")] = 50
    offset: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    after: (
        Annotated[
            str,
            Field(
                max_length=255,
                description="Id of the last job of the page before, in the order by `created_at`: as fast on"
                " the thousandth page as on the first, where `offset` is not.",
            ),
        ]
        | None
    ) = None

    def filter(self, statuses: tuple[str, ...] | None) -> JobFilter:
        return JobFilter(
            queue=self.queue_name,
            statuses=statuses,
            limit=self.limit,
            offset=self.offset,
            q=self.q,
            job_type=self.job_type,
            tag=self.tag,
            created_after=self.created_after,
            created_before=self.created_before,
            cause=self.cause,
            after=self.after,
            order_by=self.order_by,
            descending=self.order_dir == "desc",
        )


class ListJobsQuery(ListDeadJobsQuery):
    """Filters and page of a list of jobs."""

    status: Annotated[str, Field(max_length=200, description="One status or a comma list.")] | None = None

    def job_filter(self) -> JobFilter:
        return self.filter(parse_statuses(self.status))


class DeadJobAnswer(JobAnswer):
    """A job of the dead-letter queue, whole."""

    job_type: str


class HistoryQuery(RequestModel):
    """A page of a job's history."""

    order_dir: OrderDir = "asc"
    limit: Annotated[int, Field(ge=0, description="At most 500; more is cut, not refused.")] = 100
    offset: Annotated[int, Field(ge=0, le=1_000_000)] = 0

    def page(self) -> dict[str, Any]:
        return {
            "descending": self.order_dir == "desc",
            "limit": min(self.limit, LARGEST_HISTORY_PAGE),
            "offset": self.offset,
        }


class GetJobQuery(RequestModel):
    """What to show beside the job."""

    include: Literal["history"] | None = None


class StatusQuery(RequestModel):
    """Which jobs."""

    ids: Annotated[str, Field(max_length=5000, description="1-100 ids, with commas between.")]

    def public_ids(self) -> list[str]:
        """The ids; InvalidInputError for none and for more than a hundred."""
        given = [word.strip() for word in self.ids.split(",") if word.strip()]
        if not 1 <= len(given) <= MOST_STATUSES:
            raise InvalidInputError.of_field(
                "ids", f"takes 1 to {MOST_STATUSES} ids, not {len(given)}", "range"
            )
        return given


class PriorityRequest(RequestModel):
    """A new place in the order."""

    priority: Priority


class RetryDeadRequest(RequestModel):
    """Which dead jobs to bring back; all when nothing is named, the oldest first."""

    aliases: ClassVar[dict[str, tuple[str, ...]]] = QUEUE_ALIAS
    job_ids: (
        Annotated[list[Annotated[str, Field(max_length=255)]], Field(max_length=LARGEST_BATCH)] | None
    ) = None
    queue_name: QueueName | None = None
    limit: Annotated[Int, Field(ge=1, le=LARGEST_BATCH)] | None = None

    def filter(self) -> DeadFilter:
        named = None if self.job_ids is None else tuple(self.job_ids)
        limit = self.limit or (DEAD_AT_ONCE if named is None else LARGEST_BATCH)
        return DeadFilter(limit, self.queue_name, named)


class PurgeDeadRequest(RequestModel):
    """Which dead jobs to delete for good; it must be confirmed."""

    aliases: ClassVar[dict[str, tuple[str, ...]]] = QUEUE_ALIAS
    confirm: Flag = False
    queue_name: QueueName | None = None
    older_than: Instant | None = None
    limit: Annotated[Int, Field(ge=1, le=LARGEST_PURGE)] = LARGEST_PURGE

    def filter(self) -> DeadFilter:
        """Which ones; InvalidInputError unless it was confirmed."""
        if not self.confirm:
            raise InvalidInputError.of_field(
                "confirm", "must be true: this deletes jobs for good", "required"
            )
        return DeadFilter(self.limit, self.queue_name, older_than=self.older_than)


class HistoryEventAnswer(AnswerModel):
    """Something that happened to a job."""

    id: str
    job_id: str
    event_type: str
    worker_id: str | None
    details: JsonValue
    created_at: datetime


class JobWithHistoryAnswer(JobAnswer):
    """A job whole; `history` when it was asked for."""

    history: list[HistoryEventAnswer] | None = None


class JobStatusAnswer(AnswerModel):
    """How a job stands."""

    id: str
    status: str
    queue_name: str
    retry_count: int
    attempt: int
    max_retries: int
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None


class JobStatsAnswer(AnswerModel):
    """Jobs by status; completed ones count for ever, the others as long as they are kept."""

    pending: int
    scheduled: int
    processing: int
    completed: int
    failed: int
    deadletter: int
    cancelled: int
    total: int


class PriorityAnswer(AnswerModel):
    """The priority before and after."""

    job_id: str
    old_priority: int
    new_priority: int


class RetryDeadAnswer(AnswerModel):
    """What came back, and what was named but is not dead."""

    retried_count: int
    retried_jobs: list[str]
    skipped_jobs: list[str]


class PurgeDeadAnswer(AnswerModel):
    """How many dead jobs were deleted."""

    purged_count: int
