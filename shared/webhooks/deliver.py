"""Deliveries that are due are sent, many at once, and how each went is recorded.

A row is taken by moving its next attempt into the future: should this process die, another takes it then.
So a delivery arrives at least once, and is never lost or stuck.
"""

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from time import monotonic

from shared import ids
from shared.core import Core
from shared.errors import UnavailableError
from shared.store import SYSTEM, Row, load_queries
from shared.webhooks.attempt import attempt
from shared.webhooks.message import Notice
from shared.webhooks.model import notice_of
from shared.webhooks.send import Outcome
from shared.webhooks.traces import traces_of

QUERIES = load_queries(__file__)
logger = logging.getLogger("spooled.webhooks")
RETRY_DELAYS = (60, 300, 1800, 7200)
"""Seconds after the first, second ... failed attempt; after one more the delivery has failed."""
MOST_FAILURES = 20
"""Failed deliveries in a row that switch a webhook off."""
LEASE = timedelta(seconds=60)
CONCURRENCY = 32
_PER_ORGANIZATION = 16
_PER_TARGET = 4
_PER_FAILING_TARGET = 1
_PAGE = 500
_MOST_CLOSED = 1000
_POLL_SECONDS = 0.5
_PAUSE_SECONDS = 0.02
_FAULT = "The service failed to send it; its log has the cause"
Place = tuple[int, int]
"""An organization and one of its targets."""
_START: Place = (0, -(2**63))


async def deliver_due(core: Core, now: datetime, budget_seconds: float) -> Counter[str]:
    """Send what is due and becomes due meanwhile, until nothing is or the budget is used up.

    The requests that are under way then are ended in their own time, TOTAL_SECONDS at most. Counts
    `delivered`, `retried` and `failed` attempts, and deliveries `closed` as their webhook is disabled.
    """
    round_ = _Round(core, now, monotonic())
    deadline = monotonic() + budget_seconds
    try:
        while True:
            if monotonic() < deadline:
                await round_.take()
            if not round_.places:
                return round_.counts
            await asyncio.wait(round_.places, timeout=_POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            # Outcomes that come together are followed by one look at the database, not by one each.
            await asyncio.sleep(_PAUSE_SECONDS)
            round_.collect()
    finally:
        await round_.stop()


@dataclass(slots=True)
class _Round:
    """One run of the timer: what it has under way, and how far it went round the targets."""

    core: Core
    began_at: datetime
    began: float
    places: dict[asyncio.Task[str], Place] = field(default_factory=dict)
    after: Place = _START
    counts: Counter[str] = field(default_factory=Counter)

    def now(self) -> datetime:
        return self.began_at + timedelta(seconds=monotonic() - self.began)

    async def take(self) -> None:
        """Start attempts at due deliveries, as many as there is room for."""
        quotas, disabled = await self._share_out()
        now = self.now()
        if disabled:
            closed = await self.core.store.fetch(
                SYSTEM, QUERIES["close_disabled"], **_columns(disabled), limit=_MOST_CLOSED, now=now
            )
            self.counts["closed"] += len(closed)
        if not quotas:
            return
        rows = await self.core.store.fetch(
            SYSTEM,
            QUERIES["take_due"],
            **_columns(list(quotas)),
            quotas=list(quotas.values()),
            lease_until=now + LEASE,
            now=now,
        )
        traces = await traces_of(self.core, rows)
        for row in rows:
            notice = replace(notice_of(row), trace=traces.get(row["id"]))
            task = asyncio.create_task(self._deliver(row, notice))
            self.places[task] = (row["org_id"], row["target"])

    def collect(self) -> None:
        """Count what has ended."""
        for task in [task for task in self.places if task.done()]:
            del self.places[task]
            self.counts["unrecorded" if task.exception() else task.result()] += 1

    async def stop(self) -> None:
        """End what is still under way; its rows are due again when their lease ends."""
        for task in self.places:
            task.cancel()
        await asyncio.gather(*self.places, return_exceptions=True)

    async def _share_out(self) -> tuple[dict[Place, int], list[Place]]:
        """How many deliveries each due target may have now, and the due targets that are disabled.

        Goes round the targets from where it was, so that each has its turn.
        """
        quotas: dict[Place, int] = {}
        disabled: list[Place] = []
        busy = Counter(self.places.values())
        busy_organizations = Counter(org_id for org_id, _ in self.places.values())
        room = CONCURRENCY - len(self.places)
        went_round = self.after == _START
        while room > 0:
            page = await self.core.store.fetch(
                SYSTEM,
                QUERIES["find_targets"],
                after_org=self.after[0],
                after_target=self.after[1],
                limit=_PAGE,
                now=self.now(),
            )
            for row in page:
                place = self.after = (row["org_id"], row["target"])
                if not row["is_due"] or place in quotas:
                    continue
                if not row["enabled"]:
                    disabled.append(place)
                    continue
                most = _PER_FAILING_TARGET if row["is_failing"] else _PER_TARGET
                quota = min(most - busy[place], _PER_ORGANIZATION - busy_organizations[place[0]], room)
                if quota > 0:
                    quotas[place] = quota
                    busy_organizations[place[0]] += quota
                    room -= quota
                if room == 0:
                    break
            if room and len(page) < _PAGE:
                self.after = _START
                if went_round:
                    break
                went_round = True
        return quotas, disabled

    async def _deliver(self, row: Row, notice: Notice) -> str:
        """Attempt one delivery and record the outcome; returns what to count it as."""
        try:
            outcome = await attempt(self.core.settings, notice, row, self.now())
            return await self._record(row, outcome)
        except UnavailableError as error:
            logger.warning("delivery %s will be sent again: %s", ids.encode("dlv", row["id"]), error)
            return "unrecorded"
        except Exception:
            # One that cannot be sent must not hold up the others, or come back for ever.
            logger.exception("delivery %s cannot be sent", ids.encode("dlv", row["id"]))
            return await self._record(row, Outcome(error=_FAULT, is_final=True))

    async def _record(self, row: Row, outcome: Outcome) -> str:
        now = self.now()
        may_retry = not outcome.is_final and row["attempts"] <= len(RETRY_DELAYS)
        next_attempt_at = None
        if outcome.is_success:
            state = "success"
        elif may_retry:
            state, next_attempt_at = (
                "pending",
                now + timedelta(seconds=RETRY_DELAYS[row["attempts"] - 1]),
            )
        else:
            state = "failed"
        await self.core.store.fetch(
            SYSTEM,
            QUERIES["record_outcome"],
            org_id=row["org_id"],
            id=row["id"],
            attempts=row["attempts"],
            state=state,
            next_attempt_at=next_attempt_at,
            status_code=outcome.status_code,
            response_body=outcome.response_body,
            error=outcome.error,
            most_failures=MOST_FAILURES,
            now=now,
        )
        return {"success": "delivered", "pending": "retried", "failed": "failed"}[state]


def _columns(places: list[Place]) -> dict[str, list[int]]:
    return {"org_ids": [org_id for org_id, _ in places], "targets": [target for _, target in places]}
