"""Metrics of the cloud: lines of the log, from which CloudWatch takes figures (embedded metric format)."""

import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from shared.beats import Beat
from shared.metrics.finished import Finished
from shared.tally import DueJobs, Gauges

METRICS = {
    "OldestPendingSeconds": "Seconds",
    "PendingJobs": "Count",
    "RunningJobs": "Count",
    "DeadLetters": "Count",
    "Workers": "Count",
    "ScheduleLagSeconds": "Seconds",
    "TimerLagSeconds": "Seconds",
    "SilentTimers": "Count",
    "CompletedJobs": "Count",
    "BuriedJobs": "Count",
    "WaitSeconds": "Seconds",
    "RunSeconds": "Seconds",
}
"""Of the service. The last two are 95 % of the jobs that ended, and missing when none did."""
OF_QUEUES = {"OldestPendingSeconds": "Seconds", "WaitSeconds": "Seconds"}
"""Of each queue that metrics name, and of all others together."""
_SHARE = 0.95
Figures = Mapping[str, float | None]


def is_wanted() -> bool:
    """Whether this is Lambda; elsewhere `/metrics` is read."""
    return "AWS_LAMBDA_FUNCTION_NAME" in os.environ


def write_metrics(
    gauges: Gauges, finished: Mapping[str, Finished], beats: Sequence[Beat], now: datetime
) -> int:
    """Write the figures, and return how many. `finished` are the jobs since they were written last.

    The deployment names namespace and service: POWERTOOLS_METRICS_NAMESPACE, POWERTOOLS_SERVICE_NAME.
    """
    from aws_lambda_powertools.metrics import EphemeralMetrics  # noqa: PLC0415 - 100 ms, for one function

    def write(units: Mapping[str, str], figures: Figures, **dimensions: str) -> int:
        metrics = EphemeralMetrics()
        for dimension, of in dimensions.items():
            metrics.add_dimension(dimension, of)
        known = {name: value for name, value in figures.items() if value is not None}
        for name, value in known.items():
            metrics.add_metric(name, units[name], value)
        metrics.flush_metrics()
        return len(known)

    # What all stands at may have been counted before a queue was there of which a job has ended.
    queues = {**dict.fromkeys(finished, DueJobs(0, 0.0)), **gauges.due}
    return write(METRICS, _of_all(gauges, finished, beats, now)) + sum(
        write(OF_QUEUES, _of_queue(due.oldest_seconds, finished.get(queue)), queue=queue)
        for queue, due in queues.items()
        if due.jobs or queue in finished
    )


def _of_all(
    gauges: Gauges, finished: Mapping[str, Finished], beats: Sequence[Beat], now: datetime
) -> dict[str, float | None]:
    together = Finished()
    for queue in finished.values():
        together.merge(queue)
    service: Mapping[str, Any] = gauges.service
    return {
        "OldestPendingSeconds": service["job_max_age_seconds"],
        "PendingJobs": service["jobs_pending"],
        "RunningJobs": service["jobs_processing"],
        "DeadLetters": service["jobs_dead_letter"],
        "Workers": service["workers_active"],
        "ScheduleLagSeconds": service["schedule_lag_seconds"],
        "TimerLagSeconds": max((beat.overdue_seconds(now) for beat in beats), default=0.0),
        "SilentTimers": sum(beat.is_silent(now) for beat in beats),
        "CompletedJobs": together.outcomes["completed"],
        "BuriedJobs": together.outcomes["deadletter"],
        "WaitSeconds": together.wait.quantile(_SHARE),
        "RunSeconds": together.run.quantile(_SHARE),
    }


def _of_queue(oldest_seconds: float, finished: Finished | None) -> Figures:
    return {
        "OldestPendingSeconds": oldest_seconds,
        "WaitSeconds": finished.wait.quantile(_SHARE) if finished else None,
    }
