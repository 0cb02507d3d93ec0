"""From what happened to the events that readers know."""

import json
import logging
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from shared.live.event import LiveEvent
from shared.live.position import Position

logger = logging.getLogger("spooled.live")
LARGEST_RESULT_BYTES = 4096
"""A larger result is left out of an event; it stands in the job."""
_BEYOND_64_BITS = re.compile(rb"\d{19}")
_LINE_ENDS = {"\u0085".encode(): b"\\u0085", "\u2028".encode(): b"\\u2028", "\u2029".encode(): b"\\u2029"}
"""JSON may hold them as they are, and some readers of server-sent events end a line there."""
_RIGHTS = {
    "job": "jobs:read",
    "queue": "queues:read",
    "worker": "workers:read",
    "schedule": "schedules:read",
    "workflow": "jobs:read",
}


@dataclass(frozen=True, slots=True)
class Happening:
    """One change, and all that readers see of it; nothing for what they do not know."""

    position: Position
    events: tuple[LiveEvent, ...]


@dataclass(frozen=True, slots=True)
class Recipe:
    """An event of these fields of the item that is told; of all of them when none is named."""

    type: str
    fields: tuple[str, ...] = ()


_STATUS = Recipe("JobStatusChange", ("job_id", "queue_name", "old_status", "new_status"))
_RECIPES: dict[str, tuple[Recipe, ...]] = {
    "job.created": (Recipe("JobCreated", ("job_id", "queue_name", "priority")),),
    "job.updated": (Recipe("JobUpdated", ("job_id", "queue_name", "priority", "status")),),
    "job.started": (_STATUS,),
    "job.released": (_STATUS,),
    "job.ready": (_STATUS,),
    "job.waiting": (_STATUS,),
    "job.retried": (_STATUS,),
    "job.cancelled": (_STATUS,),
    "job.completed": (
        _STATUS,
        Recipe("JobCompleted", ("job_id", "queue_name", "result", "duration_ms")),
    ),
    "job.failed": (
        _STATUS,
        Recipe("JobFailed", ("job_id", "queue_name", "error", "retry_count", "will_retry")),
    ),
    # Told together with job.failed, whose status says it.
    "job.deadlettered": (),
    "queue.created": (Recipe("QueueCreated"),),
    "queue.updated": (Recipe("QueueUpdated"),),
    "queue.paused": (Recipe("QueuePaused"),),
    "queue.resumed": (Recipe("QueueResumed"),),
    "queue.deleted": (Recipe("QueueDeleted"),),
    "worker.registered": (Recipe("WorkerRegistered"),),
    "worker.heartbeat": (Recipe("WorkerHeartbeat"),),
    "worker.deregistered": (Recipe("WorkerDeregistered"),),
    "schedule.created": (Recipe("ScheduleCreated"),),
    "schedule.updated": (Recipe("ScheduleUpdated"),),
    "schedule.paused": (Recipe("SchedulePaused"),),
    "schedule.resumed": (Recipe("ScheduleResumed"),),
    "schedule.triggered": (Recipe("ScheduleTriggered"),),
    "schedule.deleted": (Recipe("ScheduleDeleted"),),
    "workflow.created": (Recipe("WorkflowCreated"),),
    "workflow.started": (Recipe("WorkflowStarted"),),
    "workflow.completed": (Recipe("WorkflowCompleted"),),
    "workflow.failed": (Recipe("WorkflowFailed"),),
    "workflow.cancelled": (Recipe("WorkflowCancelled"),),
    "workflow.retried": (Recipe("WorkflowRetried"),),
}


def happening(position: Position, names: bytes, item: bytes, told_at: str) -> Happening:
    """What readers see of one change; nothing, and a line in the log, of one that cannot be read.

    names: a JSON array of what it is told as, such as `job.failed` and `job.deadlettered`.
    item: JSON of what it happened to.
    told_at: RFC 3339.
    """
    try:
        return Happening(position, _events(position, orjson.loads(names), item, told_at))
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        # It comes again each time that it is read, so who follows it must not stumble.
        logger.exception("a happening cannot be read: %s", position)
        return Happening(position, ())


def _events(position: Position, names: Sequence[str], item: bytes, told_at: str) -> tuple[LiveEvent, ...]:
    recipes = [(name, recipe) for name in names for recipe in _RECIPES.get(name, ())]
    if not recipes:
        return ()
    facts = _facts(item) | {"timestamp": told_at}
    events = []
    for number, (name, recipe) in enumerate(recipes, 1):
        part = 0 if number == len(recipes) else number
        subject = name.partition(".")[0]
        data = _data(recipe, facts, is_of_job=subject == "job")
        events.append(_event(replace(position, part=part), recipe.type, data, _RIGHTS[subject]))
    return tuple(events)


def derived(type_: str, data: dict[str, Any], *, queue: str | None = None, right: str = "") -> LiveEvent:
    """An event that nobody can come back to: it is worked out from what is, not told."""
    return LiveEvent("", type_, data, () if queue is None else (queue,), None, right, _wire(type_, data))


def _facts(item: bytes) -> dict[str, Any]:
    try:
        # The faster parser reads an integer beyond 64 bits as a float, and no half of a surrogate pair.
        facts = json.loads(item) if _BEYOND_64_BITS.search(item) else orjson.loads(item)
    except orjson.JSONDecodeError:
        facts = json.loads(item)
    return dict(facts)


def _data(recipe: Recipe, facts: dict[str, Any], *, is_of_job: bool) -> dict[str, Any]:
    if not is_of_job:
        return facts
    named = facts | {"old_status": facts.get("previous_status"), "new_status": facts.get("status")}
    data = {name: named.get(name) for name in (*recipe.fields, "timestamp")}
    if "result" in data and (data["result"] is None or len(_json(data["result"])) > LARGEST_RESULT_BYTES):
        del data["result"]
    return data


def _event(position: Position, type_: str, data: dict[str, Any], right: str) -> LiveEvent:
    queues = data.get("queue_names") or [data.get("queue_name")]
    named = tuple(queue for queue in queues if isinstance(queue, str))
    job_id = data["job_id"] if type_.startswith("Job") else None
    return LiveEvent(str(position), type_, data, named, job_id, right, _wire(type_, data))


def of_queues(event: LiveEvent, queues: Collection[str]) -> LiveEvent:
    """The event as those see it who may know of these queues alone; it concerns one of them or more."""
    own = tuple(queue for queue in event.queues if queue in queues)
    if own == event.queues:
        return event
    data = event.data | {"queue_name": own[0], "queue_names": own}
    return replace(event, data=data, queues=own, wire=_wire(event.type, data))


def _wire(type_: str, data: dict[str, Any]) -> bytes:
    wire = _json({"type": type_, "data": data})
    for line_end, escaped in _LINE_ENDS.items():
        wire = wire.replace(line_end, escaped)
    return wire


def _json(value: Any) -> bytes:
    try:
        return orjson.dumps(value, option=orjson.OPT_UTC_Z)
    except TypeError:
        return json.dumps(value, separators=(",", ":")).encode()
