"""The readers of live events in one process: they share what is read, and each has a place in it."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager

from shared.errors import SpooledError
from shared.live.event import LiveEvent


class TooSlowError(SpooledError):
    """Events come faster than this connection reads them; read faster, or ask for fewer of them."""

    status = 429
    grpc_status = "RESOURCE_EXHAUSTED"
    code = "TOO_SLOW"


class Watch:
    """The place of one reader among the events of its organization.

    position: where `follow()` begins when it is not told otherwise.
    """

    position: str

    @property
    def credentials_changed(self) -> int:
        """How often a key of the organization, or what it may do, was changed since the hub opened.

        `follow` gives an empty batch then; who is asked to prove itself again compares this figure.
        """
        raise NotImplementedError

    @property
    def is_stale(self) -> bool:
        """Whether this reader fell out of what is held: its next step raises TooSlowError.

        For those who look after readers that are held up in sending.
        """
        raise NotImplementedError

    def want_figures(self, queues: Iterable[str] | None) -> None:
        """Ask for QueueStats of these queues, None for every queue that changes; in place of the last wish.

        Named queues are told of at once, then at most once a second when they changed. The events reach all
        readers of the organization: who asked for none passes over them.
        """
        raise NotImplementedError

    def follow(self, after: str | None = None) -> AsyncIterator[Sequence[LiveEvent]]:
        """Batches of events, in order, from behind the id `after`; without it from behind `position`.

        An event EventsLost comes first when `after` is no id that is held still. A batch may be empty (see
        `credentials_changed`). Ends when the hub is closed. Raises TooSlowError.
        """
        raise NotImplementedError


class Hub:
    """One per long-lived process. Reads each event once, for all readers of its organization."""

    @asynccontextmanager
    async def watching(self, org_id: int) -> AsyncIterator[Watch]:
        """Watch an organization: every change that begins after this has yielded is told.

        Raises UnavailableError when the database cannot be reached.
        """
        raise NotImplementedError(org_id)
        yield

    async def close(self) -> None:
        """End every `follow`, and all work in the background."""
        raise NotImplementedError
