"""Clocks: leases, delays and schedules go by that of each machine, so all of them must agree."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from shared.doctor.asking import ask_one
from shared.doctor.finding import Area, Finding, failed, ok, skipped, warning
from shared.doctor.installation import Installation
from shared.errors import SpooledError
from shared.spoken import duration
from shared.store import load_queries

QUERIES = load_queries(__file__)
_OFF, _FAR_OFF = timedelta(seconds=1), timedelta(seconds=10)
_WHOLE_SECOND = timedelta(seconds=1)
_SEE = "timedatectl status"


async def of_the_database(installation: Installation) -> Finding:
    """The database's clock and that of this machine show the same."""
    if installation.core is None:
        return skipped("the database cannot be asked from here")

    async def read() -> datetime:
        return (await ask_one(installation, QUERIES["clock"]))["now"]  # type: ignore[no-any-return]

    try:
        return _judged(await _offset(installation, read), "the database", timedelta(0))
    except SpooledError:
        return skipped("the database does not answer")


async def of_the_service(installation: Installation) -> Finding:
    """The service's clock, as the header `Date` of its answers has it, and that of this machine agree."""
    asked = installation.ask
    if asked is None:
        return skipped("SPOOLED_URL is not set here")

    async def read() -> datetime:
        answer = await asked("/health")
        return parsedate_to_datetime(answer.headers["date"]).astimezone(UTC) + _WHOLE_SECOND / 2

    try:
        return _judged(await _offset(installation, read), "the service", _WHOLE_SECOND)
    except OSError:
        return skipped("the service does not answer")
    except (KeyError, ValueError):
        return skipped("the service does not say what time it is")


async def _offset(installation: Installation, read: Callable[[], Awaitable[datetime]]) -> timedelta:
    """How far the other clock is ahead of ours, as of the middle of the question."""
    begun = installation.now()
    other = await read()
    return other - (begun + (installation.now() - begun) / 2)


def _judged(offset: timedelta, whose: str, inexact: timedelta) -> Finding:
    """inexact: so much of it may be due to how the other clock is read."""
    off = max(timedelta(0), abs(offset) - inexact)
    said = (
        f"{whose} is {duration(abs(offset))} {'ahead of' if offset > timedelta(0) else 'behind'} this machine"
    )
    if off >= _FAR_OFF:
        return failed(
            said, "Leases end early or late by that much. Let NTP set the clock that is wrong:", _SEE
        )
    if off >= _OFF:
        return warning(said, "Let NTP set the clock that is wrong:", _SEE)
    return ok(f"{whose} and this machine agree to {duration(max(abs(offset), inexact))}")


AREA = Area("clock", (of_the_database, of_the_service))
