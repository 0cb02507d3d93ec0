"""Looking at jobs: lists."""

from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, BeforeValidator, Field

from shared.jobs.listing import JobFilter, parse_statuses
from shared.wire.jobs import QUEUE_ALIAS, JobAnswer
from shared.wire.vocabulary import RequestModel


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
    created_after: AwareDatetime | None = None
    created_before: AwareDatetime | None = None
    order_by: OrderBy = "created_at"
    order_dir: OrderDir = "desc"
    limit: Annotated[int, Field(ge=0, description="At most 1000; more is cut, not refused.")] = 50
    offset: Annotated[int, Field(ge=0, le=1_000_000)] = 0

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
