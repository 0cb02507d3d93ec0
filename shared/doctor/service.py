"""The service, over HTTP: does it answer, is it well, is it of this version, does the key open it."""

from http import HTTPStatus

from shared.doctor.finding import Area, Finding, failed, ok, skipped, warning
from shared.doctor.installation import Ask, HttpAnswer, Installation
from shared.doctor.secrecy import place_of, without_secrets
from shared.spoken import listed
from shared.version import VERSION

_TRY = 'curl -sS "$SPOOLED_URL/health"'


async def reachable(installation: Installation) -> Finding:
    """`/health` answers."""
    if installation.ask is None:
        return skipped("SPOOLED_URL is not set here", "Say where it is:", "export SPOOLED_URL=https://...")
    place = place_of(installation.url)
    try:
        answer = await installation.ask("/health")
    except OSError as error:
        said = without_secrets(installation, str(error) or type(error).__name__)
        return failed(f"{place}: {said}", "Start the service, or correct SPOOLED_URL:", _TRY)
    if answer.status != HTTPStatus.OK or not isinstance(answer.body, dict) or "status" not in answer.body:
        return failed(
            f"{place} answers {answer.status}, and not as Spooled does", "Correct SPOOLED_URL:", _TRY
        )
    return ok(f"{place} answers")


async def health(installation: Installation) -> Finding:
    """The service calls itself healthy."""
    body = (await _health(installation)).body
    if body["status"] == "healthy":
        return ok("healthy")
    away = [f"{name} is away" for name in ("database", "cache") if not body.get(name, True)]
    silent = [f"the timer {name} is silent" for name in body.get("silent_timers", [])]
    said = f"{body['status']}: {listed([*away, *silent]) or 'it does not say why'}"
    judge = failed if not body.get("database", True) or silent else warning
    return judge(said, "The other areas say more. Look from where the service runs:", "spooled doctor")


async def version(installation: Installation) -> Finding:
    """The service is of the version of this program."""
    running = (await _health(installation)).body.get("version", "")
    if running == VERSION:
        return ok(f"{running}, as this program")
    return warning(
        f"the service is {running or 'of no known version'}, this program is {VERSION}",
        "Upgrade the older one:",
        "git pull",
    )


async def credential(installation: Installation) -> Finding:
    """The API key opens it."""
    if not installation.has_key:
        return skipped(
            "SPOOLED_API_KEY is not set here", "Commands need one:", "export SPOOLED_API_KEY=sk_live_..."
        )
    answer = await _asked(installation)("/api/v1/auth/me")
    if answer.status == HTTPStatus.OK:
        return ok("the key is let in")
    if answer.status == HTTPStatus.UNAUTHORIZED:
        return failed(
            "the key is not let in: it was revoked, has expired, or is of another service or SECRET_KEY",
            "Make another, and set",
            "export SPOOLED_API_KEY=sk_live_...",
        )
    return warning(
        f"asked with the key, the service answers {answer.status}", "Look again:", "spooled doctor"
    )


async def _health(installation: Installation) -> HttpAnswer:
    return await _asked(installation)("/health")


def _asked(installation: Installation) -> Ask:
    assert installation.ask is not None, "the first check of the area sees to it"
    return installation.ask


AREA = Area("service", (health, version, credential), first=reachable)
