"""What a process knows of one organization that it watches."""

import asyncio
from dataclasses import dataclass, field
from time import monotonic

from shared.live.ring import Ring
from shared.live.wishes import Wishes

_RENEWED_BEFORE_SECONDS = 60.0
_LATE_COMMIT_SECONDS = 60.0
"""Longer than a transaction lasts that began when events were kept."""
_KEPT_SECONDS = 600.0
"""How long the database holds an event."""


@dataclass(slots=True, eq=False)
class Room:
    """The organization's events, its readers, and what its row in the database says.

    watched_until, kept_until: on the monotonic clock, what was written of the two columns of that row.
    """

    org_id: int
    wishes: Wishes
    ring: Ring = field(default_factory=Ring)
    readers: int = 0
    left_at: float = field(default_factory=monotonic)
    watched_until: float = 0.0
    kept_until: float = -600.0
    credentials_changed: int = 0
    entering: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def is_watched(self) -> bool:
        """Whether what happens is told, and will be until the row is renewed."""
        return monotonic() + _RENEWED_BEFORE_SECONDS < self.watched_until

    @property
    def is_kept(self) -> bool:
        """Whether the database may hold events that were not read yet."""
        return monotonic() < self.kept_until + _LATE_COMMIT_SECONDS

    @property
    def is_mixed(self) -> bool:
        """Whether what can be looked up came by two ways."""
        return "stream" in self.ring.read_to and monotonic() < self.kept_until + _KEPT_SECONDS
