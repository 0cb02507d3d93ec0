"""One event as it goes over the wire."""

from dataclasses import dataclass
from typing import Any

DOTTED = {
    "JobCreated": "job.created",
    "JobStatusChange": "job.status_changed",
    "JobCompleted": "job.completed",
    "JobFailed": "job.failed",
    "JobUpdated": "job.updated",
    "QueueStats": "queue.stats",
    "QueueCreated": "queue.created",
    "QueueUpdated": "queue.updated",
    "QueuePaused": "queue.paused",
    "QueueResumed": "queue.resumed",
    "QueueDeleted": "queue.deleted",
    "WorkerRegistered": "worker.registered",
    "WorkerHeartbeat": "worker.heartbeat",
    "WorkerDeregistered": "worker.deregistered",
    "ScheduleCreated": "schedule.created",
    "ScheduleUpdated": "schedule.updated",
    "SchedulePaused": "schedule.paused",
    "ScheduleResumed": "schedule.resumed",
    "ScheduleTriggered": "schedule.triggered",
    "ScheduleDeleted": "schedule.deleted",
    "WorkflowCreated": "workflow.created",
    "WorkflowStarted": "workflow.started",
    "WorkflowCompleted": "workflow.completed",
    "WorkflowFailed": "workflow.failed",
    "WorkflowCancelled": "workflow.cancelled",
    "WorkflowRetried": "workflow.retried",
    "SystemHealth": "system.health",
    "EventsLost": "events.lost",
    "Ping": "ping",
    "Error": "error",
}
"""Every type there is, with the name that client libraries give it."""


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """One event, made once and shared by all its readers, so `data` is never changed.

    id: its position, to come back to; empty for what is derived (QueueStats, SystemHealth, EventsLost).
    type: a key of `DOTTED`.
    queues: the queues that it concerns; none for what concerns the organization as a whole.
    job_id: the public id of the job that it is about.
    right: the permission word that may see it; empty for what every reader sees, whatever its queues.
    wire: `{"type": ..., "data": ...}` as JSON.
    """

    id: str
    type: str
    data: dict[str, Any]
    queues: tuple[str, ...]
    job_id: str | None
    right: str
    wire: bytes
