"""The jobs of an act: how many there are, and which come next."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from shared.jobs.acts.request import ActRequest
from shared.jobs.filtering import JobFilter, conditions, half_of, narrowed, parameters, where
from shared.store import Statement, load_queries
from shared.tenants.caller import Caller

QUERIES = load_queries(__file__)
_TABLES = {"live": "job", "settled": "job_archive"}


@dataclass(frozen=True, slots=True)
class Choice:
    """The jobs with a lower id than the act that a caller may see and the filter finds.

    previewed_at: jobs that ended later are not among them.
    """

    caller: Caller
    request: ActRequest
    act_id: int
    previewed_at: datetime

    def counting(self, statuses: Sequence[str], now: datetime, cap: int | None) -> Statement:
        """Counts the jobs of each status, none beyond the cap; None counts all."""
        counts = [
            QUERIES["count_of_status"]
            .filled(status=status, table=_TABLES[half_of(status)], conditions=self._where(status, ()))
            .sql
            for status in statuses
        ]
        query = QUERIES["count_jobs"].filled(counts="\nUNION ALL\n".join(counts))
        return Statement(query, self._parameters(now) | {"cap": cap})

    def next_page(self, statuses: Sequence[str], after: int, limit: int, now: datetime) -> Statement:
        """The ids of the next jobs in these statuses whose id is higher than `after`."""
        branches = "\nUNION ALL\n".join(self._branch(status) for status in statuses)
        query = QUERIES["page_of_act"].filled(branches=branches)
        return Statement(query, self._parameters(now) | {"after": after, "limit": limit})

    def _branch(self, status: str) -> str:
        # Settled jobs have an index by state, or by cause.
        by_queue = self._wanted.queue is not None and half_of(status) == "live"
        return (
            QUERIES["branch"]
            .filled(
                table=_TABLES[half_of(status)],
                conditions=self._where(status, ("after_in_queue" if by_queue else "after",)),
                order="job.queue, job.id" if by_queue else "job.id",
            )
            .sql
        )

    def _where(self, status: str, own: tuple[str, ...]) -> str:
        names = [*conditions(self.caller, self._wanted), status]
        if "after_in_queue" in own:
            names.remove("queue")
            names = ["pending_by_id" if name == "pending" else name for name in names]
        if half_of(status) == "settled":
            own = (*own, "died_before")
        return "\n".join([where(names), *(QUERIES[f"where_{name}"].sql for name in own)])

    @property
    def _wanted(self) -> JobFilter:
        # The statuses are chosen by whoever asks.
        return narrowed(self.caller, replace(self.request.wanted, statuses=None))

    def _parameters(self, now: datetime) -> dict[str, Any]:
        own = {"act_id": self.act_id, "previewed_at": self.previewed_at}
        return parameters(self.caller, self._wanted, now) | own
