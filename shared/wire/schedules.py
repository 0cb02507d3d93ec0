"""Requests and answers about schedules."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, JsonValue

from shared.json_text import json_text, small_text
from shared.schedules.planning import MisfirePolicy
from shared.wire.jobs import QUEUE_ALIAS, MaxRetries, Tags, TimeoutSeconds
from shared.wire.vocabulary import (
    SEARCHED_JSON,
    After,
    AnswerModel,
    Flag,
    Int,
    Json,
    Priority,
    QueueName,
    RequestModel,
)

LARGEST_PREVIEW = 100
_PAYLOAD_ALIAS: dict[str, tuple[str, ...]] = {"payload_template": ("payload",)}
Name = Annotated[str, Field(min_length=1, max_length=255, examples=["daily-report"])]
Cron = Annotated[
    str,
    Field(
        description="5 fields (minute first), 6 (second first) or @daily and friends.", examples=["0 9 * * *"]
    ),
]
Timezone = Annotated[str, Field(description="IANA name.", examples=["America/New_York"])]
Misfire = Annotated[
    MisfirePolicy,
    Field(
        description="What becomes of slots that nobody fired within a minute, since the service was down: "
        "`skip` none, `last` one job for the most recent, `all` up to `misfire_limit` jobs."
    ),
]
MisfireLimit = Annotated[Int, Field(ge=1, le=100, description="Most jobs for missed slots, with `all`.")]
PreviewCount = Annotated[int, Field(ge=1, description="At most 100; more is cut, not refused.")]


class ScheduleFields(RequestModel):
    """What a request may say about a schedule."""

    aliases: ClassVar[dict[str, tuple[str, ...]]] = _PAYLOAD_ALIAS
    name: Name | None = None
    description: Annotated[str, Field(max_length=2048)] | None = None
    cron_expression: Cron | None = None
    timezone: Timezone | None = None
    payload_template: Json | None = Field(None, description="The payload of each job.")
    priority: Priority | None = None
    max_retries: MaxRetries | None = None
    timeout_seconds: TimeoutSeconds | None = None
    tags: Tags | None = None
    metadata: Annotated[Json, SEARCHED_JSON] = None
    misfire_policy: Misfire | None = None
    misfire_limit: MisfireLimit | None = None

    def columns(self) -> dict[str, Any]:
        """The fields under the names of their columns, JSON as text; None where nothing is said."""
        plain = self.model_dump(exclude={"payload_template", "tags", "metadata", "queue_name"})
        return plain | {
            "payload": _optional_text(self.payload_template, "payload_template"),
            "tags": small_text(self.tags, "tags"),
            "metadata": small_text(self.metadata, "metadata"),
        }


class CreateSchedule(ScheduleFields):
    """A recurring job, like `$schedule->job()`."""

    aliases: ClassVar[dict[str, tuple[str, ...]]] = QUEUE_ALIAS | _PAYLOAD_ALIAS
    example: ClassVar[dict[str, Any]] = {
        "name": "daily-report",
        "queue": "reports",
        "cron_expression": "0 9 * * *",
        "payload": {"type": "generate_daily_report"},
        "timezone": "America/New_York",
    }
    name: Name
    cron_expression: Cron
    queue_name: QueueName
    payload_template: Json = Field(description="The payload of each job.")
    timezone: Timezone = "UTC"
    priority: Priority = 0
    max_retries: MaxRetries = 3
    timeout_seconds: TimeoutSeconds = 300
    misfire_policy: Misfire = "last"
    misfire_limit: MisfireLimit = 100

    def columns(self) -> dict[str, Any]:
        return super().columns() | {"queue": self.queue_name}


class UpdateSchedule(ScheduleFields):
    """Changes to a schedule; what is left out stays. A `queue_name` is accepted and not applied."""

    is_active: Flag | None = None


class ListSchedulesQuery(RequestModel):
    """Filters and page of a list of schedules."""

    aliases: ClassVar[dict[str, tuple[str, ...]]] = QUEUE_ALIAS
    queue_name: Annotated[str, Field(max_length=100)] | None = None
    is_active: bool | None = None
    after: After | None = None
    limit: Annotated[int, Field(ge=0, description="At most 1000; more is cut, not refused.")] = 50
    offset: Annotated[int, Field(ge=0, le=1_000_000)] = 0


class HistoryQuery(RequestModel):
    """How many runs to show."""

    limit: Annotated[int, Field(ge=0, description="At most 1000; more is cut, not refused.")] = 50


class PreviewQuery(RequestModel):
    """How many fires to show."""

    count: PreviewCount = 5

    @property
    def cut_count(self) -> int:
        return min(self.count, LARGEST_PREVIEW)


class PreviewCron(RequestModel):
    """A cron to try."""

    cron_expression: Cron
    timezone: Timezone = "UTC"
    count: Annotated[Int, PreviewCount] = 5

    @property
    def cut_count(self) -> int:
        return min(self.count, LARGEST_PREVIEW)


class ScheduleAnswer(AnswerModel):
    """A schedule under the names of both dialects."""

    id: str = Field(examples=["sched_01k8x5q2m4c00"])
    organization_id: str
    name: str
    description: str | None
    cron_expression: str
    timezone: str
    queue_name: str
    queue: str
    payload_template: JsonValue
    payload: JsonValue
    priority: int
    max_retries: int
    timeout_seconds: int
    tags: JsonValue | None
    metadata: JsonValue | None
    misfire_policy: MisfirePolicy
    misfire_limit: int
    is_active: bool
    next_run_at: datetime | None = Field(description="Null while the schedule is paused.")
    last_run_at: datetime | None
    run_count: int
    last_error: str | None = Field(description="Why the service paused it, if it did.")
    created_at: datetime
    updated_at: datetime


class TriggeredAnswer(AnswerModel):
    """The job of a run that was asked for."""

    job_id: str
    triggered_at: datetime


class RunAnswer(AnswerModel):
    """One run of a schedule; its status is that of its job."""

    id: str
    schedule_id: str
    job_id: str | None
    status: Literal["pending", "running", "completed", "failed"]
    error_message: str | None
    planned_at: datetime | None = Field(description="The time of the cron; null for a run by trigger.")
    started_at: datetime
    completed_at: datetime | None


class FireAnswer(AnswerModel):
    """A fire to come."""

    run_at: datetime = Field(description="In UTC.")
    local_time: datetime = Field(description="The same instant, in the time zone of the schedule.")


def _optional_text(value: Any, field: str) -> str | None:
    return None if value is None else json_text(value, field)
