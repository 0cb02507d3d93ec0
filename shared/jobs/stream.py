"""Streams of jobs: what one gave out, until that is settled, and one job after the other."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import datetime
from typing import Any

from shared import ids
from shared.core import Core
from shared.events.in_flight import Flight
from shared.jobs.claim import Claim
from shared.jobs.claim_wait import claim_jobs
from shared.jobs.give_back import give_back
from shared.limits.open_streams import EndingError, OpenStream
from shared.tenants.caller import Caller

Job = dict[str, Any]
Prove = Callable[[], Awaitable[Caller]]


class Proven:
    """Who reads a stream: proven anew when a key was changed, or the credential has come to its end.

    changes: how often keys had been changed before the caller was looked up.
    """

    def __init__(self, core: Core, caller: Caller, prove: Prove, changes: int) -> None:
        self._core = core
        self._prove = prove
        self._caller = caller
        self._changes = changes

    async def caller(self) -> Caller:
        """As the credential stands now. Raises UnauthorizedError or ForbiddenError when it is no good."""
        changes, end = self._core.key_cache.changes, self._caller.expires_at
        if changes != self._changes or (end is not None and end <= self._core.clock()):
            self._caller = await self._prove()
            self._changes = changes
        return self._caller


class Handed:
    """What a stream gave out.

    is_given_back: when the stream ends, all that is not settled goes back to its queue; if not, only what was
        not sent does.
    """

    def __init__(self, core: Core, stream: OpenStream, *, is_given_back: bool) -> None:
        self._core = core
        self._stream = stream
        self._is_given_back = is_given_back
        self._jobs: dict[Flight, Job] = {}
        self._unsent: set[Flight | None] = set()

    def hold(self, job_id: str, lease_id: str, since: datetime) -> Flight:
        """A job that is about to be sent."""
        decoded = ids.decode("job", job_id), ids.decode("lease", lease_id)
        flight = Flight(self._stream.org_id, *decoded, since, self._stream.news)
        self._core.in_flight.begin(flight)
        self._jobs[flight] = {"id": job_id, "lease_id": lease_id}
        self._unsent.add(flight)
        return flight

    def sent(self, flight: Flight | None) -> None:
        """The job has left."""
        self._unsent.discard(flight)

    def are_settled(self) -> bool:
        """Whether none of the jobs is held any more."""
        for flight in [flight for flight in self._jobs if flight.is_over]:
            del self._jobs[flight]
        return not self._jobs

    async def end(self, caller: Caller) -> None:
        """The stream ends."""
        held = {flight: job for flight, job in self._jobs.items() if not flight.is_over}
        for flight in held:
            self._core.in_flight.end(flight)
        back = [job for flight, job in held.items() if self._is_given_back or flight in self._unsent]
        await give_back(self._core, caller, back)


async def stream_jobs(
    core: Core, stream: OpenStream, proven: Proven, claim: Claim, *, is_given_back: bool
) -> AsyncGenerator[Job, None]:
    """One job after the other, each once the one before is held no more, for ever.

    is_given_back: see `Handed`.
    Raises EndingError once the process is to end and the last job is settled, ForbiddenError, and
    UnauthorizedError.
    """
    handed = Handed(core, stream, is_given_back=is_given_back)
    caller = await proven.caller()

    async def is_over() -> bool:
        # Within a wait too, so that who waits is woken to see to it, and asks the database for nothing.
        (await proven.caller()).require_queue(claim.queue)
        return core.streams.is_ending

    try:
        while True:
            stream.news.clear()
            caller = await proven.caller()
            caller.require_queue(claim.queue)
            if not handed.are_settled():
                await stream.news.wait()
            elif core.streams.is_ending:
                raise EndingError
            else:
                for job in await claim_jobs(core, caller, claim, is_over):
                    flight = handed.hold(job["id"], job["lease_id"], job["started_at"])
                    caller = await proven.caller()
                    if core.streams.is_ending:
                        raise EndingError
                    yield job
                    handed.sent(flight)
    finally:
        await handed.end(caller)
