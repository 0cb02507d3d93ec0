"""Metrics of the cloud: a line of the log, from which CloudWatch takes figures (embedded metric format)."""

import os
from collections.abc import Mapping

_METRICS = {
    "OldestPendingSeconds": ("job_max_age_seconds", "Seconds"),
    "PendingJobs": ("jobs_pending", "Count"),
    "RunningJobs": ("jobs_processing", "Count"),
    "DeadLetters": ("jobs_dead_letter", "Count"),
}


def write_metrics(gauges: Mapping[str, float]) -> int:
    """Write the gauges that alarms watch, and return how many; none outside Lambda, where `/metrics` is.

    The deployment names namespace and service: POWERTOOLS_METRICS_NAMESPACE, POWERTOOLS_SERVICE_NAME.
    """
    if "AWS_LAMBDA_FUNCTION_NAME" not in os.environ:
        return 0
    from aws_lambda_powertools import Metrics  # noqa: PLC0415 - 100 ms of import, for one function

    metrics = Metrics()
    for name, (gauge, unit) in _METRICS.items():
        metrics.add_metric(name, unit, gauges[gauge])
    metrics.flush_metrics()
    return len(_METRICS)
