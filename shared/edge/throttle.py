"""Rate limits of requests: which a caller is held to, and the headers that every answer carries."""

from datetime import datetime
from functools import lru_cache
from time import time

from starlette.types import Scope

from shared.core import Core
from shared.limits.bucket import Rate, Taken
from shared.limits.plans import PLANS
from shared.settings import Settings
from shared.tenants.caller import Caller

_SECONDS_OF_A_KEYS_LIMIT = 60
_TAKEN = "spooled.rate_taken"
_SERVICE = str(PLANS["enterprise"].rate_limit_burst).encode()
LOGIN_BURST = 120
MAIL_BURST = 60


async def throttle(core: Core, caller: Caller | None, scope: Scope, now: datetime) -> None:
    """Take a token for this request; raise RateLimitedError when its organization or key has none left.

    Routes without a credential are not counted. A batch is one request.
    """
    if caller is None:
        return
    taken = await count_request(core, caller, now)
    scope[_TAKEN] = taken, now
    require_room(taken)


async def count_request(core: Core, caller: Caller, now: datetime) -> Taken:
    """Take a token of each rate that binds the caller, or of none: whether there was one, and the figures."""
    rates = rates_of(caller, core.settings)
    if not rates:
        return core.rates.watch(_organization_rate(caller), now)
    return await core.rates.take(rates, now)


def require_room(taken: Taken) -> None:
    """Raise RateLimitedError when there was no token left."""
    taken.require("requests of this " + taken.rate.scope.replace("_", " "))


def rates_of(caller: Caller, settings: Settings) -> list[Rate]:
    """The rates that bind a caller: the organization's by its plan, and the key's own per minute."""
    rates = []
    plan = PLANS["enterprise"]
    if settings.enforce_enterprise_rate or (
        caller.limits.rate_limit_requests_per_second != plan.rate_limit_requests_per_second
        or caller.limits.rate_limit_burst != plan.rate_limit_burst
    ):
        rates.append(_organization_rate(caller))
    if caller.rate_limit is not None:
        per_second = caller.rate_limit / _SECONDS_OF_A_KEYS_LIMIT
        rates.append(Rate(f"{{{caller.org_id}}}:{caller.key_id}", "api_key", per_second, caller.rate_limit))
    return rates


def _organization_rate(caller: Caller) -> Rate:
    limits = caller.limits
    return _rate_of(caller.org_id, limits.rate_limit_requests_per_second, limits.rate_limit_burst)


@lru_cache(10_000)
def _rate_of(org_id: int, per_second: float, burst: int) -> Rate:
    """Kept, with the figures that follow from it: each answer shows them."""
    return Rate(f"{{{org_id}}}", "organization", per_second, burst)


def login_rate(client_address: str) -> Rate:
    """Wrong keys and codes from one address: they cannot be guessed, but nobody shall try for free."""
    return Rate(f"login:{client_address}", "login", 2.0, LOGIN_BURST)


def mail_rate(client_address: str) -> Rate:
    """Codes asked for from one address: an office signs in, and nobody writes to the whole world."""
    return Rate(f"mail:{client_address}", "mail", 0.2, MAIL_BURST)


def look_up_rate(client_address: str) -> Rate:
    """Questions whether an e-mail address is known: a form may ask often, and no list is read out."""
    return Rate(f"look-up:{client_address}", "look_up", 2.0, LOGIN_BURST)


def rate_headers(scope: Scope) -> list[tuple[bytes, bytes]]:
    """Limit, remaining, reset and scope of what the request was counted by; without a credential, the
    service's own figures, by which nobody is refused.
    """
    counted: tuple[Taken, datetime] | None = scope.get(_TAKEN)
    if counted is None:
        limit, remaining, reset, name = _SERVICE, _SERVICE, int(time()), b"service"
    else:
        taken, now = counted
        limit, remaining = str(taken.limit).encode(), str(taken.remaining).encode()
        reset, name = int(now.timestamp()) + taken.seconds_until_full, taken.rate.scope.encode()
    return [
        (b"x-ratelimit-limit", limit),
        (b"x-ratelimit-remaining", remaining),
        (b"x-ratelimit-reset", str(reset).encode()),
        (b"x-ratelimit-scope", name),
    ]
