"""What an act is to do: its kind, its filter and its arguments, in the one form that is stored and signed."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from shared.jobs.filtering import STATUSES, JobFilter, parse_statuses
from shared.store import Row

_TIMES = ("created_after", "created_before")
_TEXTS = ("q", "job_type", "tag", "cause")


@dataclass(frozen=True, slots=True)
class ActRequest:
    """An act on the jobs of a filter; `priority` or `queue_name` is its argument where it needs one."""

    act: str
    wanted: JobFilter
    arguments: dict[str, Any]

    @classmethod
    def of_row(cls, row: Row) -> Self:
        """What stands in the row of an act."""
        stored: dict[str, Any] = row["filter"]
        given: dict[str, Any] = {name: stored[name] for name in _TEXTS if name in stored}
        given |= {name: datetime.fromisoformat(stored[name]) for name in _TIMES if name in stored}
        statuses = parse_statuses(stored.get("status"))
        job_ids = tuple(stored["job_ids"]) if "job_ids" in stored else None
        wanted = JobFilter(queue=stored.get("queue_name"), statuses=statuses, job_ids=job_ids, **given)
        return cls(row["act"], wanted, row["arguments"])

    def filter(self) -> dict[str, Any]:
        """The filter as it is stored: what is set, by the names of the API, statuses in their order."""
        wanted = self.wanted
        statuses = [status for status in STATUSES if status in (wanted.statuses or ())]
        times = {name: getattr(wanted, name) for name in _TIMES}
        given = {
            "queue_name": wanted.queue,
            "status": ",".join(statuses) or None,
            **{name: getattr(wanted, name) for name in _TEXTS},
            **{name: time and time.isoformat() for name, time in times.items()},
            "job_ids": None if wanted.job_ids is None else sorted(set(wanted.job_ids)),
        }
        return {name: value for name, value in given.items() if value is not None}

    def digest(self) -> str:
        """A hash that differs when anything of it does."""
        whole = json.dumps([self.act, self.filter(), self.arguments], sort_keys=True)
        return hashlib.blake2b(whole.encode(errors="surrogatepass"), digest_size=16).hexdigest()
