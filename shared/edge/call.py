"""One request, as a function sees it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from random import Random

from shared.chance import CHANCE
from shared.core import Core
from shared.errors import UnauthorizedError
from shared.tenants.caller import Caller
from shared.trace import trace_of


@dataclass(slots=True)
class Call:
    """The services, the caller, the instant and the headers of one request."""

    core: Core
    now: datetime
    request_id: str
    headers: Mapping[str, str]
    raw_body: bytes
    client_address: str
    client_is_gone: Callable[[], Awaitable[bool]]
    maybe_caller: Caller | None = None
    random: Random = CHANCE

    @property
    def caller(self) -> Caller:
        if self.maybe_caller is None:
            raise UnauthorizedError
        return self.maybe_caller

    @property
    def trace(self) -> str | None:
        """The trace of the request, for the jobs that it makes."""
        return trace_of(self.headers)
