"""What is counted against a plan: one SQL expression for each figure, to show it and to limit it."""

from datetime import datetime, timedelta

from shared import ids
from shared.store import load_queries

FRAGMENTS = load_queries(__file__)
LIMIT_OF = {
    "jobs_today": "max_jobs_per_day",
    "active_jobs": "max_active_jobs",
    "queues": "max_queues",
    "workers": "max_workers",
    "api_keys": "max_api_keys",
    "schedules": "max_schedules",
    "workflows": "max_workflows",
    "webhooks": "max_webhooks",
}
"""The limit that each figure is held against."""
FIGURES = {resource: FRAGMENTS[resource].sql for resource in LIMIT_OF}
SINCE = FRAGMENTS["since"].sql
"""Follows `FROM organization` in a query that counts the jobs of the day."""


def day_start(now: datetime) -> int:
    """The first id of the day, in UTC: a plan's day begins at midnight."""
    return ids.first_of(now.replace(hour=0, minute=0, second=0, microsecond=0), timedelta(0))
