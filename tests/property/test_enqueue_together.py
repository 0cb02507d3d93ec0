"""Whoever enqueues in company gets what he would get by himself, whatever the others do."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from shared import ids
from shared.core import Core
from shared.errors import SpooledError
from shared.jobs.enqueue import NewJob
from shared.jobs.enqueue_one import enqueue_job
from shared.limits.plans import PLANS
from shared.tenants.caller import Caller
from shared.together import Together
from tests.support.api import Api, Tenant
from tests.support.effort import examples

UNSTORABLE = '{"a": "\\u0000"}'
IDS_OF_AN_ANSWER = ("id", "organization_id", "parent_job_id")
TIMES = ("created_at", "updated_at", "scheduled_at")
SMALL = replace(PLANS["enterprise"], max_payload_size_bytes=20)
LIMITED = replace(PLANS["pro"], max_payload_size_bytes=20)


@dataclass(frozen=True)
class Wish:
    """A request, as far as it does not depend on the organization."""

    job: NewJob
    parent: str = "none"
    delay: int | None = None
    is_held_to_queues: bool = False


keyed = st.sampled_from(["a", "b", "c"]).map(
    lambda key: Wish(NewJob(f"of-{key}", f'"{key}"', priority=3, idempotency_key=key))
)
keyless = st.builds(
    Wish,
    st.builds(
        lambda *given, **more: NewJob(*given, **more),  # noqa: PLW0108 - builds fills all fields of a tuple
        st.sampled_from(["emails", "other", "configured"]),
        st.sampled_from(["1", '{"a": [1.50, 1e400]}', '"\\u0000"', '"' + "x" * 30 + '"']),
        priority=st.integers(-3, 3),
        max_retries=st.none() | st.integers(0, 5),
        timeout_seconds=st.none() | st.integers(1, 50),
        tags=st.sampled_from([None, "{}", '{"n": 1}', UNSTORABLE]),
    ),
    parent=st.sampled_from(["none", "none", "seen", "unseen", "unknown"]),
    delay=st.sampled_from([None, -5, 60]),
    is_held_to_queues=st.booleans(),
)


@dataclass
class Place:
    """An organization with what the wishes name."""

    caller: Caller
    seen: int
    unseen: int

    @classmethod
    async def new(cls, api: Api, *, is_limited: bool) -> "Place":
        org: Tenant = await api.new_tenant()
        await org.put("/queues/configured/config", {"max_retries": 7, "default_timeout": 70})
        seen, unseen = [ids.decode("job", (await org.push(queue))["id"]) for queue in ("emails", "secret")]
        limits = LIMITED if is_limited else SMALL
        return cls(Caller(ids.decode("org", org.org_id), 1, limits=limits), seen, unseen)

    async def grant(self, core: Core, wish: Wish, now: datetime) -> Any:
        """The answer, without what differs between two organizations."""
        parent = {"none": None, "seen": self.seen, "unseen": self.unseen, "unknown": 5}[wish.parent]
        run_at = None if wish.delay is None else now + timedelta(seconds=wish.delay)
        queues = ("emails", "other") if wish.is_held_to_queues else None
        caller = replace(self.caller, queues=queues)
        job = wish.job._replace(parent_job_id=parent, run_at=run_at)
        try:
            answer = await enqueue_job(core, caller, job, now)
        except SpooledError as error:
            return type(error), error.body()
        answer |= {name: answer[name] and bool(answer[name]) for name in IDS_OF_AN_ANSWER}
        answer |= {name: answer[name] and bool(answer[name] > now) for name in TIMES}
        read: dict[str, Any] = orjson.loads(orjson.dumps(answer | {"payload": None, "tags": None}))
        return read | {name: orjson.dumps(answer[name]) for name in ("payload", "tags")}


@examples(6)
@given(
    wishes=st.lists(keyed | keyless, min_size=50, max_size=50),
    is_limited=st.booleans(),
    are_storable=st.booleans(),
)
async def test_fifty_at_once_fare_as_one_by_one(
    api: Api, core: Core, wishes: list[Wish], *, is_limited: bool, are_storable: bool
) -> None:
    """Every answer and every error is as without company, whether that spoils the statement or not."""
    if are_storable:
        wishes = [wish for wish in wishes if wish.job.tags != UNSTORABLE]
    crowded, lonely = [await Place.new(api, is_limited=is_limited) for _ in range(2)]
    together = replace(core, together=Together(at_once=1, patience_seconds=60))
    now = core.clock()

    at_once = await asyncio.gather(*[crowded.grant(together, wish, now) for wish in wishes])
    one_by_one = [await lonely.grant(core, wish, now) for wish in wishes]

    assert unordered(at_once, wishes) == unordered(one_by_one, wishes)


def unordered(granted: list[Any], wishes: list[Wish]) -> list[Any]:
    """Of those with one key any may be the first: which one it was is left out, and there is one."""
    firsts: dict[str, int] = {}
    for answer, wish in zip(granted, wishes, strict=True):
        key = wish.job.idempotency_key
        if key is not None and not isinstance(answer, tuple):
            firsts[key] = firsts.get(key, 0) + answer.pop("created")
    return [granted, firsts]
