"""Who may call: the metadata that bears the credential, the permission of the method, the rate."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from shared.core import Core
from shared.edge.credential import bearer
from shared.edge.throttle import count_request, require_room
from shared.errors import UnauthorizedError
from shared.tenants.authenticate import authenticate
from shared.tenants.caller import Caller


def metadata_of(sent: Iterable[tuple[str, str | bytes]] | None) -> dict[str, str]:
    """The text of a call's metadata; what is sent several times is joined: two credentials are none."""
    joined: dict[str, str] = {}
    for name, value in sent or ():
        if isinstance(value, str):
            joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


async def prove(core: Core, scope: tuple[str, ...], metadata: Mapping[str, str], now: datetime) -> Caller:
    """The caller as the credential stands at this instant.

    Raises UnauthorizedError, or ForbiddenError without the right.
    """
    credential = metadata.get("x-api-key", "").strip() or bearer(metadata)
    if not credential:
        raise UnauthorizedError("Send an API key or an access token in the metadata `x-api-key`.")
    caller = await authenticate(core, credential, now)
    caller.require(scope)
    return caller


async def count(core: Core, caller: Caller, now: datetime) -> None:
    """Take a token of the caller's rate. Raises RateLimitedError when there is none."""
    require_room(await count_request(core, caller, now))
