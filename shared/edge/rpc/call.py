"""One call, as a method sees it."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import TYPE_CHECKING, Any

from shared.chance import CHANCE
from shared.core import Core
from shared.tenants.caller import Caller
from shared.trace import trace_of

if TYPE_CHECKING:
    from asyncio import Task

RELEASE_ON_CANCEL = "x-release-on-cancel"


@dataclass(slots=True)
class RpcCall:
    """The services, the caller, the instant of its beginning and the metadata of one call.

    metadata: by name in lower case, text only; what was sent several times is joined by commas.
    run_to_its_end: starts work that is finished though the client goes; the server waits for it.
    prove: within a long stream, the caller as the credential stands now. Raises as at the beginning.
    changes: how often keys had been changed before the credential was looked at.
    trailers: what the metadata behind a unary answer is to say; a stream says nothing there.
    """

    core: Core
    caller: Caller
    now: datetime
    request_id: str
    metadata: Mapping[str, str]
    client_is_gone: Callable[[], Awaitable[bool]]
    run_to_its_end: Callable[[Coroutine[Any, Any, Any]], "Task[Any]"]
    prove: Callable[[], Awaitable[Caller]]
    changes: int
    trailers: dict[str, str]
    random: Random = CHANCE

    @property
    def trace(self) -> str | None:
        """The trace of the call, for the jobs that it makes."""
        return trace_of(self.metadata)

    @property
    def gives_back(self) -> bool:
        """Whether the client wants what it has not settled to be given back when its stream ends."""
        return self.metadata.get(RELEASE_ON_CANCEL, "").strip().lower() == "true"
