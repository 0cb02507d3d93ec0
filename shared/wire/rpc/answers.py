"""Jobs as messages, made from what the other answers show of them."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any

import orjson
from google.protobuf.timestamp_pb2 import Timestamp

from shared.queues.stats import QueueFigures
from shared.wire.proto import spooled_pb2 as pb
from shared.wire.rpc.structs import TooDeepError, fill

_AS_THEY_ARE = (
    "id",
    "queue_name",
    "retry_count",
    "max_retries",
    "last_error",
    "priority",
    "timeout_seconds",
    "assigned_worker_id",
    "idempotency_key",
    "lease_id",
)
_STATES = ("pending", "scheduled", "processing", "completed", "deadletter")
_MOST_BYTES = 4 * 1024 * 1024
"""What a gRPC client takes when it was not told otherwise."""
_FRAME_BYTES = 8
_INSTANTS = ("created_at", "scheduled_at", "started_at", "completed_at", "lease_expires_at")


def job_message(job: dict[str, Any], org_id: str) -> pb.Job:
    """A job whole, as a worker got it or as it is read. What it has not is unset, never empty or zero."""
    fields: dict[str, Any] = {name: job.get(name) for name in _AS_THEY_ARE}
    fields |= {name: timestamp(job.get(name)) for name in _INSTANTS}
    fields |= {"organization_id": org_id, "status": f"JOB_STATUS_{job['status'].upper()}"}
    message = pb.Job(**fields)
    _fill_object(message.payload, job["payload"])
    if job.get("result") is not None:
        _fill_object(message.result, job["result"])
    return message


def trace_metadata(job: dict[str, Any]) -> dict[str, str]:
    """The trace of a job, for which a message has no field."""
    return {name: job[name] for name in ("traceparent", "tracestate") if name in job}


def how_many_fit(jobs: Sequence[pb.Job]) -> int:
    """How many of the jobs, from the first on, an answer holds that clients with usual limits take: one at
    least, which may be larger than that.
    """
    sizes = accumulate(job.ByteSize() + _FRAME_BYTES for job in jobs)
    return max(sum(size <= _MOST_BYTES for size in sizes), min(1, len(jobs)))


def queue_stats_message(name: str, figures: QueueFigures) -> pb.GetQueueStatsResponse:
    """The figures of a queue. In the total each job counts once: a failed one is among the dead letters."""
    states = {state: figures.counts[state] for state in _STATES}
    return pb.GetQueueStatsResponse(
        queue_name=name,
        **states,
        failed=figures.counts["failed"],
        total=sum(states.values()),
        max_age_ms=0 if figures.oldest_age is None else figures.oldest_age // timedelta(milliseconds=1),
    )


def timestamp(instant: datetime | None) -> Timestamp | None:
    """An instant, or None to leave the field unset."""
    if instant is None:
        return None
    made = Timestamp()
    made.FromDatetime(instant)
    return made


def _fill_object(struct: Any, value: Any) -> None:
    """What is no object, or is nested deeper than clients can read, is left out: the field is then empty."""
    struct.SetInParent()
    parsed = _parsed(orjson.dumps(value))
    if isinstance(parsed, dict):
        try:
            fill(struct, parsed)
        except TooDeepError:
            struct.Clear()
            struct.SetInParent()


def _parsed(text: bytes) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        # Integers beyond what a double holds, which REST carries as they are.
        return json.loads(text)
