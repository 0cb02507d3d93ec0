"""Settling a single job, together with those that others settle at the same moment."""

import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

from shared import ids
from shared.core import Core
from shared.jobs.claim import Claim
from shared.jobs.claim_wait import settle_and_claim
from shared.jobs.refusal import Held, Outcome, Said, Settling, settle
from shared.jobs.settle import Completion, Failure, completing, completing_of, failing_of
from shared.tenants.caller import Caller
from shared.together import LARGEST_SHARED, Kind


async def complete_job(
    core: Core, caller: Caller, worker_id: str | None, completion: Completion, now: datetime
) -> Outcome:
    """Move a held job to the archive with its result."""

    def settling(said: Sequence[Said[Completion]], at: datetime) -> Settling:
        return completing_of(caller, said, at, are_whole=True)

    said = Said(completion, worker_id, now)
    return await _settled(core, caller, "complete", settling, said, len(completion.result or ""))


async def fail_job(
    core: Core,
    caller: Caller,
    worker_id: str | None,
    failure: Failure,
    chance: random.Random,
    now: datetime,
) -> Outcome:
    """Put a held job back with backoff, or in the dead-letter queue."""

    def settling(said: Sequence[Said[Failure]], at: datetime) -> Settling:
        return failing_of(caller, said, chance, at)

    said = Said(failure, worker_id, now)
    return await _settled(core, caller, "fail", settling, said, len(failure.error))


async def complete_and_claim(
    core: Core,
    caller: Caller,
    worker_id: str | None,
    completion: Completion,
    claim: Claim | None,
    now: datetime,
    client_is_gone: Callable[[], Awaitable[bool]],
) -> tuple[Outcome, list[dict[str, Any]]]:
    """Complete a job and take the next ones in the same round trip, none unless it was completed."""
    if claim is None:
        return await complete_job(core, caller, worker_id, completion, now), []
    settling, after = completing(caller, worker_id, [completion], now), completion.hold.job_id
    (outcome,), taken = await settle_and_claim(
        core, caller, settling, claim, now, client_is_gone, after=after
    )
    return outcome, taken


async def _settled(
    core: Core,
    caller: Caller,
    verb: str,
    settling: Callable[[Sequence[Said[Held]], datetime], Settling],
    said: Said[Held],
    size: int,
) -> Outcome:
    """What is settled together is settled at one time, the latest of all; each lease is held to its own."""

    async def alone(one: Said[Held]) -> Outcome:
        quick = size <= LARGEST_SHARED
        return (await settle(core, caller, settling([one], one.at), one.at, quick=quick))[0][0]

    async def shared(all_said: Sequence[Said[Held]]) -> list[Outcome]:
        latest = max(one.at for one in all_said)
        settled = await settle(core, caller, settling(all_said, latest), latest, are_shared=True, quick=True)
        return settled[0]

    if size > LARGEST_SHARED:
        return await alone(said)
    kind: Kind[Said[Held], Outcome] = Kind((verb, caller.org_id, caller.queues), alone, shared, _job_of)
    return await core.together.do(kind, said)


def _job_of(said: Said[Held]) -> int | None:
    """Of two who settle one job the second is to find it settled."""
    return None if said.hold.job_id == ids.UNKNOWN else said.hold.job_id
