"""Giving back what a worker was given and never had: it asked, and was gone before the answer."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from shared import ids
from shared.core import Core
from shared.errors import SpooledError
from shared.finishing import finished
from shared.jobs.leases import release_jobs
from shared.jobs.refusal import Hold
from shared.tenants.caller import Caller

logger = logging.getLogger("spooled.jobs")
Claimed = list[dict[str, Any]]


async def give_back(core: Core, caller: Caller, jobs: Claimed) -> None:
    """Release claimed jobs at once, each to its old place in the queue; one that is not held is left alone.

    Never fails: where the database is away, the leases lapse. It is done also when this is cancelled.
    """
    if not jobs:
        return
    holds = [Hold(ids.decode("job", job["id"]), ids.decode("lease", job["lease_id"])) for job in jobs]
    try:
        await finished(release_jobs(core, caller, None, holds, None, core.clock()))
    except SpooledError as error:
        logger.warning("jobs are not given back, their leases will lapse: %s", error)


async def kept_or_given_back(core: Core, caller: Caller, taking: Coroutine[Any, Any, Claimed]) -> Claimed:
    """What is taken; when who asked is cancelled meanwhile, it is given back before that goes on.

    A statement under way is never cancelled, as it may have held.
    """
    task = asyncio.ensure_future(taking)
    try:
        return await finished(task)
    except asyncio.CancelledError:
        if not task.cancelled() and not task.exception():
            await give_back(core, caller, task.result())
        raise
