"""Bulk: many jobs in one transaction, those that cannot be made refused alone."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from shared import ids
from shared.core import Core
from shared.give_way import MANY, give_way
from shared.jobs.enqueue import NewJob, UnknownParentError, check_completion_webhook, enqueue_jobs
from shared.tenants.caller import Caller
from shared.webhooks.target import WebhookUrlError


async def enqueue_bulk(core: Core, caller: Caller, jobs: Sequence[NewJob], now: datetime) -> dict[str, Any]:
    """Make the jobs, but for those whose parent there is not or whose completion webhook may not be called.

    Errors as `enqueue_jobs`.
    """
    refused: dict[int, str] = {}
    for index, job in enumerate(jobs):
        if job.completion_webhook is not None:
            try:
                check_completion_webhook(core, job)
            except WebhookUrlError as error:
                refused[index] = error.message
    good = [index for index in range(len(jobs)) if index not in refused]
    enqueued = await enqueue_jobs(core, caller, [jobs[index] for index in good], now) if good else []
    if len(jobs) > MANY:
        await give_way()
    succeeded = [
        {"index": index, "job_id": ids.encode("job", outcome.job_id), "created": outcome.created}
        for index, outcome in zip(good, enqueued, strict=True)
        if outcome.job_id != ids.UNKNOWN
    ]
    refused |= {
        index: UnknownParentError().message
        for index, outcome in zip(good, enqueued, strict=True)
        if outcome.job_id == ids.UNKNOWN
    }
    return {
        "succeeded": succeeded,
        "failed": [{"index": index, "error": error} for index, error in sorted(refused.items())],
        "total": len(jobs),
        "success_count": len(succeeded),
        "failure_count": len(refused),
    }
