"""Key look-ups that a process trusts for a few seconds."""

from datetime import datetime, timedelta

from shared.tenants.caller import Caller

_LARGEST = 10_000


class KeyCache:
    """Callers by key hash; a change to a key or organization drops what it touches at once.

    `trust` zero keeps nothing: each request looks its key up.
    """

    def __init__(self, trust: timedelta) -> None:
        self._trust = trust
        self._callers: dict[bytes, tuple[Caller, datetime]] = {}
        self.changes = 0
        """How often something was dropped: a look-up from before a change is not trusted after it."""

    def get(self, key_hash: bytes, now: datetime) -> Caller | None:
        found = self._callers.get(key_hash)
        if found is None:
            return None
        caller, looked_up = found
        if not looked_up <= now < looked_up + self._trust:
            del self._callers[key_hash]
            return None
        return caller

    def put(self, key_hash: bytes, caller: Caller, now: datetime, changes: int) -> None:
        """Keep a look-up that began when there had been `changes` of them."""
        if self._trust and changes == self.changes:
            if len(self._callers) >= _LARGEST:
                self._callers.clear()
            self._callers[key_hash] = caller, now

    def doubt(self) -> None:
        """Something may have been changed that nobody told; what is kept is trusted as long as ever."""
        self.changes += 1

    def forget(self, org_id: int) -> None:
        """Drop every key of an organization: one of them, or its plan, was changed."""
        self.changes += 1
        stale = [key_hash for key_hash, (caller, _) in self._callers.items() if caller.org_id == org_id]
        for key_hash in stale:
            del self._callers[key_hash]
