"""One call, as a method sees it."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import TYPE_CHECKING, Any

from shared.core import Core
from shared.tenants.caller import Caller

if TYPE_CHECKING:
    from asyncio import Task


@dataclass(slots=True)
class RpcCall:
    """The services, the caller, the instant of its beginning and the metadata of one call.

    metadata: by name in lower case, text only; what was sent several times is joined by commas.
    run_to_its_end: starts work that is finished though the client goes; the server waits for it.
    admit_again: within a long stream, whether the credential still holds, and how it stands now. Raises as
        at the beginning, and costs a token of the rate: one for each request of the stream.
    """

    core: Core
    caller: Caller
    now: datetime
    request_id: str
    metadata: Mapping[str, str]
    client_is_gone: Callable[[], Awaitable[bool]]
    run_to_its_end: Callable[[Coroutine[Any, Any, Any]], "Task[Any]"]
    admit_again: Callable[[], Awaitable[Caller]]
    random: Random = field(default_factory=Random)
