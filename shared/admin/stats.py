"""The whole service in figures."""

from datetime import datetime, timedelta
from typing import Any

from shared.core import Core
from shared.jobs.figures import OF_ALL, finished_since, unfinished, window
from shared.limits.plans import TIERS
from shared.store import SYSTEM, Statement, load_queries
from shared.version import VERSION
from shared.workers.figures import count_workers, workers_answer

QUERIES = load_queries(
    __file__,
    unfinished=unfinished(OF_ALL),
    finished=finished_since(
        "day", org="organization.org_id", mark="coalesce(mark.counted_until, '-infinity')"
    ),
)
_DAY = timedelta(hours=24)


async def service_stats(core: Core, now: datetime) -> dict[str, Any]:
    """Organizations by plan, jobs, workers, and the service itself.

    A day begins at midnight and a week on Monday, both in UTC.
    """
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    days = {"today": today, "monday": today - timedelta(days=today.weekday())}
    plans, (jobs,), workers = await core.store.fetch_each(
        SYSTEM,
        [
            Statement(QUERIES["organizations"], days),
            Statement(QUERIES["jobs"], {"now": now} | window("day", now - _DAY)),
            count_workers(None, now),
        ],
    )
    counts = {row["plan_tier"]: row["count"] for row in plans}
    return {
        "organizations": {
            "total": sum(counts.values()),
            "by_plan": [{"plan": tier, "count": counts.get(tier, 0)} for tier in TIERS],
            "created_today": sum(row["created_today"] for row in plans),
            "created_this_week": sum(row["created_this_week"] for row in plans),
        },
        "jobs": {
            name: jobs[name]
            for name in ("total_active", "pending", "processing", "completed_24h", "failed_24h")
        },
        "workers": workers_answer(workers, "degraded"),
        "system": {
            "api_version": VERSION,
            "uptime_seconds": max(0, int((now - core.started_at).total_seconds())),
        },
    }
