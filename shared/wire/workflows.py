"""Requests and answers about workflows and dependencies."""

import math
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, JsonValue

from shared.jobs.enqueue import NewJob
from shared.json_text import json_text, small_text
from shared.wire.jobs import LARGEST_BATCH, QUEUE_ALIAS, MaxRetries, Tags, TimeoutSeconds
from shared.wire.vocabulary import After, AnswerModel, Int, Json, Priority, QueueName, RequestModel
from shared.workflows.create import NewStep, NewWorkflow
from shared.workflows.dependencies import NewDependencies

StepKey = Annotated[str, Field(min_length=1, max_length=100)]
DependencyMode = Annotated[
    Literal["all", "any"], Field(description="Whether to wait for all parents, or for the first.")
]
DependencyType = Annotated[
    Literal["success", "completion", "failure"], Field(description="What of a parent it waits for.")
]


class WorkflowStep(RequestModel):
    """One job of a workflow."""

    aliases: ClassVar[dict[str, tuple[str, ...]]] = {
        **QUEUE_ALIAS,
        "key": ("name",),
        "tags": ("metadata",),
    }
    keeps_null: ClassVar[frozenset[str]] = frozenset({"payload"})
    key: StepKey
    queue_name: QueueName
    payload: Json = Field(description="Any JSON value; it comes back as it was sent.")
    depends_on: list[StepKey] = Field([], max_length=LARGEST_BATCH)
    dependency_mode: DependencyMode = "all"
    dependency_type: DependencyType = "success"
    priority: Priority | None = None
    max_retries: MaxRetries | None = None
    timeout_seconds: TimeoutSeconds | None = None
    timeout_ms: (
        Annotated[Int, Field(ge=1, le=86_400_000, description="Rounded up to seconds; timeout_seconds wins.")]
        | None
    ) = None
    job_type: (
        Annotated[
            str, Field(max_length=255, description="Becomes the payload's job_type, unless it has one.")
        ]
        | None
    ) = None
    tags: Tags | None = None

    def new_step(self, trace: str | None) -> NewStep:
        timeout = self.timeout_seconds
        if timeout is None and self.timeout_ms is not None:
            timeout = math.ceil(self.timeout_ms / 1000)
        job = NewJob(
            queue=self.queue_name,
            payload=json_text(self._payload(), "payload"),
            priority=self.priority or 0,
            max_retries=self.max_retries,
            timeout_seconds=timeout,
            tags=small_text(self.tags, "tags"),
            trace=trace,
        )
        return NewStep(self.key, job, tuple(self.depends_on), self.dependency_mode, self.dependency_type)

    def _payload(self) -> Any:
        if self.job_type is None or not isinstance(self.payload, dict):
            return self.payload
        return {"job_type": self.job_type} | self.payload


class CreateWorkflow(RequestModel):
    """Jobs that wait for one another, like `Bus::chain()`."""

    example: ClassVar[dict[str, Any]] = {
        "name": "user-onboarding",
        "jobs": [
            {"name": "create-account", "queue": "accounts", "payload": {"step": 1}},
            {
                "name": "send-welcome",
                "queue": "emails",
                "payload": {"step": 2},
                "depends_on": ["create-account"],
            },
        ],
    }
    name: Annotated[str, Field(min_length=1, max_length=255)]
    description: Annotated[str, Field(max_length=1000)] | None = None
    jobs: Annotated[list[WorkflowStep], Field(min_length=1, max_length=LARGEST_BATCH)]
    metadata: Json = None

    def new_workflow(self, trace: str | None) -> NewWorkflow:
        """The workflow to make; all its jobs belong to the trace of the request."""
        return NewWorkflow(
            self.name,
            [job.new_step(trace) for job in self.jobs],
            self.description,
            small_text(self.metadata, "metadata"),
        )


class ListWorkflowsQuery(RequestModel):
    """Filter and page of a list of workflows."""

    status: Annotated[str, Field(max_length=20)] | None = None
    after: After | None = None
    limit: Annotated[int, Field(ge=0, description="At most 1000; more is cut, not refused.")] = 50
    offset: Annotated[int, Field(ge=0, le=1_000_000)] = 0


class AddDependencies(RequestModel):
    """Let a job wait for others."""

    aliases: ClassVar[dict[str, tuple[str, ...]]] = {
        "depends_on": ("dependency_job_ids", "depends_on_job_ids"),
    }
    depends_on: Annotated[list[Annotated[str, Field(max_length=255)]], Field(min_length=1, max_length=100)]
    dependency_mode: DependencyMode | None = None
    dependency_type: DependencyType = "success"

    def new_dependencies(self, public_id: str) -> NewDependencies:
        return NewDependencies(public_id, tuple(self.depends_on), self.dependency_mode, self.dependency_type)


class StepIdAnswer(AnswerModel):
    """The job that stands for a key."""

    key: str
    job_id: str


class CreatedWorkflowAnswer(AnswerModel):
    """The workflow that was made."""

    workflow_id: str
    id: str
    name: str
    status: str
    job_ids: list[StepIdAnswer]
    created_at: datetime


class WorkflowSummaryAnswer(AnswerModel):
    """A workflow in a list."""

    id: str
    name: str
    description: str | None
    status: str
    total_jobs: int
    completed_jobs: int
    failed_jobs: int
    progress_percent: float
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    metadata: JsonValue | None


class StepErrorAnswer(AnswerModel):
    """Why a step failed."""

    type: str
    message: str


class WorkflowJobAnswer(AnswerModel):
    """A job of a workflow."""

    id: str
    workflow_id: str
    key: str
    name: str
    queue_name: str
    queue: str
    job_type: str
    status: str
    payload: JsonValue
    result: JsonValue | None
    error: StepErrorAnswer | None
    metadata: JsonValue | None
    priority: int
    max_retries: int
    attempt: int
    timeout_seconds: int
    timeout_ms: int
    depends_on: list[str]
    dependency_mode: str
    parent_job_id: str | None
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None


class WorkflowEdgeAnswer(AnswerModel):
    """One job waits for another."""

    parent_job_id: str
    child_job_id: str
    dependency_type: str


class WorkflowProgressAnswer(AnswerModel):
    """How many of the steps are where."""

    total: int
    completed: int
    failed: int
    pending: int
    processing: int
    cancelled: int


class WorkflowNodeAnswer(AnswerModel):
    """A step without what it carries."""

    id: str
    key: str
    queue_name: str
    job_type: str
    status: str
    attempt: int
    max_retries: int
    last_error: str | None
    dependency_mode: str
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None


class ConnectedWorkflowAnswer(WorkflowSummaryAnswer):
    """A workflow, and what of it waits for what."""

    workflow_id: str
    dependencies: list[WorkflowEdgeAnswer]
    progress: WorkflowProgressAnswer


class WorkflowGraphAnswer(ConnectedWorkflowAnswer):
    """A workflow and where its steps are, without payloads and results."""

    steps: list[WorkflowNodeAnswer]


class WorkflowAnswer(ConnectedWorkflowAnswer):
    """A workflow whole."""

    organization_id: str
    jobs: list[WorkflowJobAnswer]


class StepStatusAnswer(AnswerModel):
    """Where a step is."""

    key: str
    job_id: str
    status: str
    progress: int | None


class DependencyAnswer(AnswerModel):
    """A job at the other end of a dependency."""

    job_id: str
    queue_name: str
    queue: str
    status: str
    completed: bool
    dependency_type: str


class DependenciesAnswer(AnswerModel):
    """What a job waits for, and what waits for it."""

    job_id: str
    status: str
    dependency_mode: str
    dependencies_met: bool
    dependencies: list[DependencyAnswer]
    dependents: list[DependencyAnswer]


class AddedDependenciesAnswer(DependenciesAnswer):
    """The same after dependencies were added, and how many are new."""

    dependencies_added: int
    added_count: int
    added: int
