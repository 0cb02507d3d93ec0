"""Who is let in to a stream, and to see what."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from starlette.types import Scope

from shared.core import Core
from shared.edge.call import Call
from shared.edge.credential import bearer
from shared.edge.endpoint import Endpoint
from shared.edge.headers import read_headers
from shared.edge.respond import path_arguments, query_values, validated
from shared.edge.streaming.selection import Selection
from shared.edge.throttle import throttle
from shared.errors import UnauthorizedError
from shared.tenants.authenticate import authenticate
from shared.tenants.caller import Caller


@dataclass(frozen=True, slots=True)
class Admission:
    """What a request to read has shown to be right.

    admit_again: looks at the credential again; raises as at the first time.
    changes: how often keys had been forgotten before the credential was looked at.
    after: the id behind which it goes on reading, None from now on.
    """

    caller: Caller
    selection: Selection
    admit_again: Callable[[], Awaitable[Caller]]
    changes: int
    after: str | None


async def admission(endpoint: Endpoint, core: Core, scope: Scope, one_by_one: asyncio.Lock) -> Admission:
    """Look at a request to read. The credential is the header's, else the `token` of the query.

    one_by_one: held when it is looked at again, so that many with one credential look it up once.
    Raises UnauthorizedError, ForbiddenError, RateLimitedError, InvalidInputError and what the page raises.
    """
    changes = core.key_cache.changes
    headers, query = read_headers(scope), query_values(scope)
    credential = bearer(headers) or query.get("token", "")
    if not credential:
        raise UnauthorizedError
    caller = await _admit(endpoint, core, credential)
    now = core.clock()
    await throttle(core, caller, scope, now)
    arguments: dict[str, Any] = dict(path_arguments(scope))
    arguments["query"] = validated(endpoint.query_model, query)
    address = (scope.get("client") or ("",))[0]
    call = Call(core, now, scope["spooled.request_id"], headers, b"", address, _is_here, caller)
    selection = await endpoint.function(call, **arguments)
    after = headers.get("last-event-id") or arguments["query"].last_event_id
    admit_again = partial(_admit_again, one_by_one, endpoint, core, credential)
    return Admission(caller, selection, admit_again, changes, after)


async def _admit(endpoint: Endpoint, core: Core, credential: str) -> Caller:
    caller = await authenticate(core, credential, core.clock())
    caller.require(endpoint.scope)
    return caller


async def _admit_again(one_by_one: asyncio.Lock, endpoint: Endpoint, core: Core, credential: str) -> Caller:
    async with one_by_one:
        return await _admit(endpoint, core, credential)


async def _is_here() -> bool:
    """No page of a stream waits."""
    return False
