"""Retention: workflows go when the last of their jobs may, dependencies after their job."""

from datetime import datetime, timedelta

from shared import ids
from shared.core import Core
from shared.jobs.retention import STRAGGLER_DAYS
from shared.store import in_batches, load_queries

QUERIES = load_queries(__file__)


async def delete_old_workflows(core: Core, now: datetime, deadline: float) -> int:
    """Delete the workflows that ended more than `job_retention_days` ago."""
    kept_since = now - timedelta(days=core.settings.job_retention_days)
    return await in_batches(core.store, QUERIES["delete_old_workflows"], deadline, kept_since=kept_since)


async def delete_old_dependencies(core: Core, now: datetime, deadline: float) -> int:
    """Delete what jobs waited for that are gone."""
    kept = timedelta(days=core.settings.job_retention_days + STRAGGLER_DAYS)
    before_id = ids.first_of(now, -kept)
    return await in_batches(core.store, QUERIES["delete_old_dependencies"], deadline, before_id=before_id)
