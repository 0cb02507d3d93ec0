"""What the doctor looks at: the settings of this machine, and the ways to what they name."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shared.clock import Clock, system_clock
from shared.core import Core
from shared.events.channel import OpenRedis
from shared.settings import Settings


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What the service said. body: its JSON, None where it is none."""

    status: int
    headers: Mapping[str, str]
    body: Any


_OF_A_SERVICE = ("SPOOLED_ENV", "DATABASE_URL", "REDIS_URL", "SECRET_KEY")
Ask = Callable[[str], Awaitable[HttpAnswer]]
"""Asks the service for a path, with the API key if there is one. Raises OSError without an answer."""


@dataclass(frozen=True, slots=True)
class Installation:
    """An installation, as it is seen from here.

    environment: the variables of this machine. settings: what they say, None where `faults` keep them from
    being read. core: with a way to the database, None where it is not known; `owner` likewise, with the
    login of the owner of the tables. timers: those that are to run,
    with their period in seconds. url: of the service, asked by `ask`.
    """

    environment: Mapping[str, str]
    settings: Settings | None
    faults: Sequence[tuple[str, str]] = ()
    core: Core | None = None
    owner: Core | None = None
    open_redis: OpenRedis | None = None
    timers: Mapping[str, int] = field(default_factory=dict)
    url: str = ""
    ask: Ask | None = None
    has_key: bool = False
    clock: Clock = system_clock

    def now(self) -> datetime:
        return self.clock()

    @property
    def is_of_a_service(self) -> bool:
        """Whether the environment has anything to tell a service; that of who uses one has not."""
        return any(self.environment.get(name) for name in _OF_A_SERVICE)

    @property
    def is_production(self) -> bool:
        return self.environment.get("SPOOLED_ENV", "production") != "development"
