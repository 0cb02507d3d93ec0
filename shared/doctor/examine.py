"""Runs the checks: areas side by side, none of them for longer than its time."""

import asyncio
from collections.abc import Sequence
from time import monotonic

from shared.doctor import clock, database, mail, redis, rotation, service, settings, timers, webhooks
from shared.doctor.finding import Area, Check, Examined, Finding, Level, failed, skipped
from shared.doctor.installation import Installation
from shared.doctor.secrecy import without_secrets

AREAS = (
    settings.AREA,
    database.AREA,
    redis.AREA,
    timers.AREA,
    clock.AREA,
    service.AREA,
    mail.AREA,
    webhooks.AREA,
    rotation.AREA,
)
LONGEST_CHECK_SECONDS = 10.0
_AGAIN = "spooled doctor"


async def examine(
    installation: Installation, *, areas: Sequence[Area] = AREAS, seconds: float = LONGEST_CHECK_SECONDS
) -> list[Examined]:
    """All findings, by area. `seconds`: the longest that a check may take; what follows it is skipped then.

    Never raises, and never waits for what does not answer.
    """
    found = await asyncio.gather(*(_area(area, installation, seconds) for area in areas))
    return [examined for area in found for examined in area]


async def _area(area: Area, installation: Installation, seconds: float) -> list[Examined]:
    """One check after the other: they share one connection, and what the first needs the others need."""
    examined: list[Examined] = []
    why = ""
    for check in [*([area.first] if area.first else []), *area.checks]:
        begun = monotonic()
        finding = skipped(why) if why else await _within(check, installation, seconds)
        examined.append(Examined(area.name, _name(check), finding, monotonic() - begun))
        if why:
            continue
        if check is area.first and finding.level in {Level.FAILED, Level.SKIPPED}:
            why = finding.found if finding.level is Level.SKIPPED else f"needs {area.name} {_name(check)}"
        elif monotonic() - begun >= seconds:
            why = f"{_name(check)} took all of the time"
    return examined


async def _within(check: Check, installation: Installation, seconds: float) -> Finding:
    """A task of its own, which nobody waits for once its time is over: it may not end when it is told to."""
    task = asyncio.ensure_future(check(installation))
    done, _ = await asyncio.wait({task}, timeout=seconds)
    if not done:
        task.cancel()
        return failed(f"no answer in {seconds:g} s", "See what keeps it, then look again:", _AGAIN)
    error = task.exception()
    if error is None:
        return task.result()
    said = without_secrets(installation, f"{type(error).__name__}: {error}".splitlines()[0])
    return failed(said, "See whether it lasts:", _AGAIN)


def _name(check: Check) -> str:
    return check.__name__.replace("_", " ")
