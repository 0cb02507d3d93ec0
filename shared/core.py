"""What every state change needs beside its arguments: the database, the wake-ups, the trusted look-ups."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from shared.clock import Clock, system_clock
from shared.events.in_flight import InFlight
from shared.events.wakeups import Wakeups
from shared.limits.body_room import body_rooms
from shared.limits.fair import Fair
from shared.limits.open_streams import OpenStreams
from shared.limits.rates import RateLimiter
from shared.marks import Marks
from shared.settings import Settings
from shared.store import Store
from shared.tally import Tally
from shared.tenants.key_cache import KeyCache
from shared.together import Together

if TYPE_CHECKING:
    from shared.live.hub import Hub


@dataclass(frozen=True, slots=True)
class Core:
    """The services of one process; HTTP, gRPC, timers and the command line share it."""

    settings: Settings
    store: Store
    wakeups: Wakeups
    clock: Clock = system_clock
    started_at: datetime = field(default_factory=system_clock)
    key_cache: KeyCache = field(default_factory=lambda: KeyCache(timedelta(0)))
    rates: RateLimiter = field(default_factory=RateLimiter)
    streams: OpenStreams = field(default_factory=OpenStreams)
    in_flight: InFlight = field(default_factory=InFlight)
    tally: Tally = field(default_factory=Tally)
    together: Together = field(default_factory=Together)
    fair: Fair = field(default_factory=Fair)
    body_rooms: Fair = field(default_factory=body_rooms)
    hub: "Hub | None" = None
    """The readers of live events; a Lambda environment has none."""
    waits_end_at: datetime | None = None
    """Set for one request where the time of a request has an end."""

    @property
    def marks(self) -> Marks:
        """Where claims begin; what wakes who waits for jobs tells them of each arrival."""
        return self.wakeups.marks

    async def close(self) -> None:
        if self.hub is not None:
            await self.hub.close()
        self.body_rooms.close()
        self.fair.close()
        await self.streams.close()
        await self.together.close()
        await self.wakeups.close()
        await self.rates.close()
        await self.store.close()
