"""Key look-ups that a process trusts for a few seconds."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.tenants.caller import Caller

_LARGEST = 10_000
_MOST_TOGETHER = 32
_MOST_LOOKED_THROUGH = 500


@dataclass(slots=True)
class _Known:
    """A look-up, and whether it was of use since. A token has no hash."""

    caller: Caller
    looked_up: datetime
    key_hash: bytes | None
    is_used: bool


class KeyCache:
    """Callers by credential, of which a hash is kept; a change of key or organization drops what it touches.

    `trust` zero keeps nothing: each request looks its key up.
    """

    def __init__(self, trust: timedelta) -> None:
        self._trust = trust
        self._secret = secrets.token_bytes(32)
        self._known: dict[bytes, _Known] = {}
        """The oldest look-up first."""
        self.changes = 0
        """How often something was dropped: a look-up from before a change is not trusted after it."""

    def name_of(self, credential: str) -> bytes:
        """Under what a credential is kept: a hash that nobody outside this process can make (BLAKE2b)."""
        return hashlib.blake2b(credential.encode(), digest_size=32, key=self._secret).digest()

    def get(self, name: bytes, now: datetime) -> Caller | None:
        known = self._known.get(name)
        if known is None:
            return None
        if not known.looked_up <= now < known.looked_up + self._trust:
            del self._known[name]
            return None
        known.is_used = True
        return known.caller

    def put(
        self, name: bytes, caller: Caller, now: datetime, changes: int, *, key_hash: bytes | None = None
    ) -> None:
        """Keep a look-up that began when there had been `changes` of them.

        key_hash: under which the database has it, if it can be looked up together with others.
        """
        if self._trust and changes == self.changes:
            if len(self._known) >= _LARGEST:
                self._known.clear()
            self._known.pop(name, None)
            self._known[name] = _Known(caller, now, key_hash, is_used=True)

    def due(self, now: datetime) -> dict[bytes, bytes]:
        """Names by the hash of keys that are worth another look-up when one is made anyway: the oldest, each
        used since its last one. What is of no use any more is forgotten on the way.
        """
        due: dict[bytes, bytes] = {}
        useless: list[bytes] = []
        for looked_through, (name, known) in enumerate(self._known.items()):
            age = now - known.looked_up
            if age < self._trust / 2 or len(due) >= _MOST_TOGETHER or looked_through >= _MOST_LOOKED_THROUGH:
                break
            if known.key_hash is not None and known.is_used:
                known.is_used = False
                due[known.key_hash] = name
            elif age >= self._trust:
                useless.append(name)
        for name in useless:
            del self._known[name]
        return due

    def renew(self, name: bytes, caller: Caller, now: datetime, changes: int) -> None:
        """Keep another look-up of what is kept; its use is yet to come."""
        known = self._known.get(name)
        if known is not None and known.looked_up < now and changes == self.changes:
            del self._known[name]
            self._known[name] = _Known(caller, now, known.key_hash, known.is_used)

    def doubt(self) -> None:
        """Something may have been changed that nobody told; what is kept is trusted as long as ever."""
        self.changes += 1

    def forget(self, org_id: int | None) -> None:
        """Drop every key of an organization, None for all: one of them, or its plan, was changed."""
        self.changes += 1
        stale = [name for name, known in self._known.items() if org_id in {None, known.caller.org_id}]
        for name in stale:
            del self._known[name]
