"""Leases: extending one, giving a job back, and recovering the jobs whose lease lapsed."""

import logging
import random
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from time import monotonic

from shared import ids
from shared.core import Core
from shared.errors import FaultError
from shared.jobs.children import wake_others
from shared.jobs.refusal import (
    HELD,
    LOG,
    Hold,
    Outcome,
    Settling,
    count_settled,
    fence,
    first_of_each,
    said_by,
    settle,
)
from shared.jobs.settle import fail_lapsed
from shared.store import SYSTEM, Statement, load_queries, tenant
from shared.tenants.caller import Caller
from shared.webhooks.outbox import telling_of_jobs

QUERIES = load_queries(
    __file__,
    held=HELD,
    log=LOG,
    told=telling_of_jobs(
        "job.released", rows="released", previous="'processing'", worker="released.log -> -1 ->> 'worker_id'"
    ),
)
logger = logging.getLogger("spooled.leases")
_BATCH = 500


async def extend_leases(
    core: Core, caller: Caller, worker_id: str | None, holds: Sequence[Hold], seconds: int, now: datetime
) -> list[Outcome]:
    """Move the end of each lease to `seconds` from now (a heartbeat)."""
    return (await settle(core, caller, extending(caller, worker_id, holds, seconds, now), now))[0]


def extending(
    caller: Caller, worker_id: str | None, holds: Sequence[Hold], seconds: int, now: datetime
) -> Settling:
    """What moves the end of each lease."""
    said = said_by(worker_id, holds, now)
    parameters = fence(caller, first_of_each(said)) | {"seconds": seconds, "now": now}
    return Settling(said, Statement(QUERIES["extend_leases"], parameters))


async def release_jobs(
    core: Core,
    caller: Caller,
    worker_id: str | None,
    holds: Sequence[Hold],
    run_at: datetime | None,
    now: datetime,
) -> list[Outcome]:
    """Give jobs back (snooze): claimable again at `run_at`, or as before (None); the attempt not counted."""
    said = said_by(worker_id, holds, now)
    parameters = fence(caller, first_of_each(said)) | {"run_at": run_at, "now": now}
    settling = Settling(said, Statement(QUERIES["release_jobs"], parameters))
    return (await settle(core, caller, settling, now))[0]


async def recover_all(core: Core, now: datetime, budget_seconds: float) -> Counter[str]:
    """Recover the lapsed leases of all organizations, queue by queue, while the budget lasts.

    Counts the jobs `recovered`, and those `set_aside` because the database refuses to change them.
    """
    deadline = monotonic() + budget_seconds
    total = Counter(recovered=0, set_aside=0)
    for row in await core.store.fetch(SYSTEM, QUERIES["find_lapsed"], now=now):
        if monotonic() > deadline:
            break
        total.update(await recover_leases(core, row["org_id"], row["queue"], now))
    return total


async def recover_leases(core: Core, org_id: int, queue: str, now: datetime) -> dict[str, int]:
    """Count each lapsed lease of a queue as a failed attempt; a job that cannot be changed stops no other."""
    try:
        return {"recovered": await _recover(core, org_id, queue, now), "set_aside": 0}
    except FaultError:
        return await _recover_one_by_one(core, org_id, queue, now)


async def _recover_one_by_one(core: Core, org_id: int, queue: str, now: datetime) -> dict[str, int]:
    lapsed = await core.store.fetch(
        tenant(org_id), QUERIES["lock_lapsed"], org_id=org_id, queue=queue, now=now, limit=_BATCH, only=None
    )
    recovered = set_aside = 0
    for row in lapsed:
        try:
            recovered += await _recover(core, org_id, queue, now, only=row["id"])
        except FaultError:
            set_aside += 1
            logger.exception("job %s cannot be recovered", ids.encode("job", row["id"]))
    return {"recovered": recovered, "set_aside": set_aside}


async def _recover(core: Core, org_id: int, queue: str, now: datetime, only: int | None = None) -> int:
    async with core.store.transaction(tenant(org_id), hot=True) as transaction:
        lapsed = await transaction.fetch(
            QUERIES["lock_lapsed"], org_id=org_id, queue=queue, now=now, limit=_BATCH, only=only
        )
        holds = [Hold(row["id"], row["lease_id"]) for row in lapsed]
        rows = await fail_lapsed(transaction, org_id, holds, random.SystemRandom(), now) if holds else []
    if rows:
        core.wakeups.notify(org_id, queue, len(rows), [(row["priority"], row["run_at"]) for row in rows])
        core.in_flight.settled(org_id, [(hold.job_id, hold.lease_id) for hold in holds], now)
        wake_others(core, org_id, rows)
        count_settled(core, rows, now, failures=True)
    return len(rows)
