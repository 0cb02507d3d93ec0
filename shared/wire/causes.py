"""Dead letters by cause."""

from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import Field

from shared.jobs.causes import CauseFilter
from shared.wire.jobs import QUEUE_ALIAS
from shared.wire.vocabulary import AnswerModel, Instant, RequestModel


class ListCausesQuery(RequestModel):
    """Which dead jobs to group, and which page of the groups."""

    aliases: ClassVar[dict[str, tuple[str, ...]]] = QUEUE_ALIAS
    queue_name: Annotated[str, Field(max_length=100)] | None = None
    since: Annotated[Instant, Field(description="Died then or later.")] | None = None
    limit: Annotated[int, Field(ge=0, description="At most 1000; more is cut, not refused.")] = 50
    offset: Annotated[int, Field(ge=0, le=1_000_000)] = 0

    def filter(self) -> CauseFilter:
        return CauseFilter(self.limit, self.offset, self.queue_name, self.since)


class CauseAnswer(AnswerModel):
    """A group of dead jobs. `id` is null for what died before there were causes, for an hour at most."""

    id: str | None
    cause: str = Field(description="The error without what differs from one job to the next.")
    count: int
    queues: list[str] = Field(description="The 20 queues with the most of them, the one with the most first.")
    example_job_id: str
    sample_error: str | None
    first_seen: datetime
    last_seen: datetime
