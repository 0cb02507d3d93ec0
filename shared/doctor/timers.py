"""Timers: does each of them run, by the heartbeat that it leaves."""

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus

from shared.beats import SILENT_AFTER_PERIODS, Beat, read_beats
from shared.doctor.finding import Area, Finding, failed, ok, skipped, warning
from shared.doctor.installation import Installation
from shared.errors import SpooledError
from shared.spoken import counted, duration, listed

_LOGS = "journalctl -u spooled"
_IN_THE_CLOUD = "aws logs tail --since 1h /aws/lambda/spooled-prod-ticks-{}"


async def heartbeats(installation: Installation) -> Finding:
    """None is silent: of each, a run succeeded within the last three of its periods."""
    beats = await _beats(installation)
    if beats is None:
        return await _told_by_the_service(installation)
    now = installation.now()
    silent = [beat for beat in beats if beat.is_silent(now)]
    if silent:
        said = "; ".join(_said(beat, now) for beat in silent)
        return failed(
            f"silent for {SILENT_AFTER_PERIODS} periods or more: {said}",
            "Start what runs the timers, or see in its log why they fail:",
            "make run",
        )
    if not beats:
        return warning(
            "none has ever run here", "They run in the service, or in the cloud by its schedules:", "make run"
        )
    latest = max(beat.ended_at for beat in beats)
    ran = f"{counted(len(beats), 'timer', 'timers')}, the latest run ended {duration(now - latest)} ago"
    return ok(ran)


async def all_known(installation: Installation) -> Finding:
    """Each timer of this program has run here once."""
    beats = await _beats(installation)
    if beats is None:
        return skipped("only the database knows which timers ever ran")
    missing = sorted(installation.timers.keys() - {beat.name for beat in beats})
    if missing and beats:
        return warning(
            f"never ran here: {listed(missing)}",
            "One of an hour may not have had its turn yet. If it stays so, deploy this version:",
            "make deploy STACK=prod" if installation.is_production else "make run",
        )
    return ok(f"all of {len(installation.timers)} have run") if beats else skipped("none has ever run here")


async def latest_runs(installation: Installation) -> Finding:
    """The latest run of each did not fail."""
    beats = await _beats(installation)
    if beats is None:
        return skipped("only the database knows how their runs ended")
    broken = [beat for beat in beats if beat.error is not None]
    if broken:
        return warning(
            "failed in their latest run: " + "; ".join(f"{beat.name} ({beat.error})" for beat in broken),
            "Once is no harm. See whether it lasts:",
            "spooled doctor --only timers",
        )
    return ok("none failed")


async def _beats(installation: Installation) -> Sequence[Beat] | None:
    """None where the database does not say."""
    if installation.core is None:
        return None
    try:
        return await read_beats(installation.core)
    except SpooledError:
        return None


async def _told_by_the_service(installation: Installation) -> Finding:
    if installation.ask is None:
        return skipped("neither the database nor the service can be asked")
    try:
        answer = await installation.ask("/health")
    except OSError:
        return skipped("neither the database nor the service answers")
    silent = answer.body.get("silent_timers") if isinstance(answer.body, dict) else None
    if answer.status != HTTPStatus.OK or silent is None:
        return skipped("the service does not say")
    if silent:
        return failed(
            f"silent, says the service: {listed(silent)}",
            "Look again from where the database can be reached, which knows since when and why:",
            "DATABASE_URL=postgresql://... spooled doctor --only timers",
        )
    return ok("none is silent, says the service")


def _said(beat: Beat, now: datetime) -> str:
    said = f"{beat.name} since {duration(now - beat.succeeded_at)} (every {beat.every_seconds} s)"
    return f"{said}, fails with {beat.error}" if beat.error else said


AREA = Area("timers", (heartbeats, all_known, latest_runs))
