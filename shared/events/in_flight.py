"""Jobs that streams of this process gave out and that are held still, as far as is known here.

A settle in this process says so at once; of what others do the process learns by looking.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

Key = tuple[int, int]


@dataclass(slots=True, eq=False)
class Flight:
    """A job in the hands of who reads a stream, under this lease, since that instant.

    news: of that stream; set when the flight is over.
    """

    org_id: int
    job_id: int
    lease_id: int
    since: datetime
    news: asyncio.Event
    is_over: bool = False


class InFlight:
    """The flights of a process."""

    def __init__(self) -> None:
        self._flights: defaultdict[Key, list[Flight]] = defaultdict(list)
        self._are_some = asyncio.Event()
        self._doubted = asyncio.Event()

    def begin(self, flight: Flight) -> None:
        self._flights[flight.org_id, flight.job_id].append(flight)
        self._are_some.set()

    def end(self, flight: Flight) -> None:
        """The job is held no more, or nobody wants to know."""
        if flight.is_over:
            return
        flight.is_over = True
        flight.news.set()
        key = flight.org_id, flight.job_id
        self._flights[key].remove(flight)
        if not self._flights[key]:
            del self._flights[key]
        if not self._flights:
            self._are_some.clear()

    def settled(self, org_id: int, holds: Iterable[tuple[int, int | None]], now: datetime) -> None:
        """The jobs were let go of, each with the lease that was named, at `now`.

        Who was given one of them since then holds it still; where no lease was named, the time tells.
        """
        if not self._flights:
            return
        for job_id, lease_id in holds:
            for flight in list(self._flights.get((org_id, job_id), ())):
                if flight.lease_id == lease_id or (lease_id is None and flight.since < now):
                    self.end(flight)

    def doubt(self, org_id: int, job_id: int) -> None:
        """Another process did something with the job."""
        if (org_id, job_id) in self._flights:
            self._doubted.set()

    def flights(self) -> Sequence[Flight]:
        return [flight for flights in self._flights.values() for flight in flights]

    def are_of(self, org_id: int) -> bool:
        """Whether a job of the organization is in flight."""
        return any(of_org == org_id for of_org, _ in self._flights)

    async def doubtful(self, seconds: float) -> None:
        """Wait until it makes sense to look: so many seconds while jobs are in flight, or until a doubt."""
        await self._are_some.wait()
        try:
            async with asyncio.timeout(seconds):
                await self._doubted.wait()
        except TimeoutError:
            return
        finally:
            self._doubted.clear()
