"""The server's secret while it is replaced: what still needs another one than that of now."""

from datetime import timedelta

from shared.doctor.asking import ask
from shared.doctor.finding import Area, Finding, ok, skipped, warning
from shared.doctor.installation import Installation
from shared.errors import SpooledError
from shared.secret_keys import id_of
from shared.settings import Settings
from shared.spoken import counted, instant
from shared.store import SYSTEM, load_queries
from shared.tenants.tokens import LIFETIMES
from shared.webhooks.resealing import sealed_under_another
from shared.webhooks.sealing import head_of

QUERIES = load_queries(__file__, sealed=sealed_under_another())

_NOT_FROM_HERE = "the settings cannot be read, or the database cannot be asked from here"
_NO_ANSWER = "the database does not answer, or was not migrated"
_BETWEEN_NOTES = timedelta(hours=2)
"""The timer notes each hour which secret signs; its next run may have been missed."""


async def secret_key(installation: Installation) -> Finding:
    """Nothing but SECRET_KEY is needed; else what needs one of SECRET_KEY_FALLBACKS, or one that is gone."""
    settings = installation.settings
    if settings is None or installation.core is None:
        return skipped(_NOT_FROM_HERE)
    try:
        (lost,) = await ask(
            installation,
            QUERIES["under_none"],
            SYSTEM,
            accepted=[id_of(secret) for secret in settings.secret_keys],
            now=installation.now(),
        )
        if lost["keys"]:
            return warning(
                f"{counted(lost['keys'], 'API key is', 'API keys are')} refused: hashed under a secret "
                "that is neither SECRET_KEY nor one of SECRET_KEY_FALLBACKS",
                "Put that secret back into SECRET_KEY_FALLBACKS, or revoke what is not needed. See",
                "less docs/rotation.md",
            )
        if len(settings.secret_keys) == 1:
            return ok("one SECRET_KEY: none is being replaced")
        (row,) = await ask(
            installation,
            QUERIES["under_another"],
            SYSTEM,
            secret_id=id_of(settings.secret_key),
            head=head_of(settings),
            now=installation.now(),
        )
    except SpooledError:
        return _unknown(settings)
    keys, sealed = row["keys"], row["sealed"]
    if not keys and not sealed:
        return ok("no API key and no stored secret needs SECRET_KEY_FALLBACKS")
    return warning(
        f"{counted(keys, 'API key', 'API keys')} and {counted(sealed, 'stored secret', 'stored secrets')} "
        "may still need SECRET_KEY_FALLBACKS",
        "Leave it as it is. The timer `tokens` seals stored secrets anew; an API key moves when it is used: "
        "use it, or revoke it. See",
        "less docs/rotation.md",
    )


async def sessions(installation: Installation) -> Finding:
    """No session needs one of SECRET_KEY_FALLBACKS; else until when the last one may."""
    settings = installation.settings
    if settings is None or installation.core is None:
        return skipped(_NOT_FROM_HERE)
    others = [id_of(secret) for secret in settings.secret_keys[1:]]
    try:
        (row,) = await ask(installation, QUERIES["signed_until"], SYSTEM, others=others)
    except SpooledError:
        return _unknown(settings)
    signed_until = row["signed_until"]
    end = None if signed_until is None else signed_until + _BETWEEN_NOTES + LIFETIMES["refresh"]
    if end is None or end <= installation.now():
        return ok("no session needs another secret than SECRET_KEY")
    return warning(
        f"sessions that SECRET_KEY_FALLBACKS signed may last until {instant(end)}",
        "Leave it as it is until then. Without it, whoever has such a session signs in again. See",
        "less docs/rotation.md",
    )


def _unknown(settings: Settings) -> Finding:
    if len(settings.secret_keys) == 1:
        return skipped(_NO_ANSWER)
    return warning(
        f"{_NO_ANSWER}: nobody knows whether SECRET_KEY_FALLBACKS is needed",
        "Leave it as it is, and look at the database:",
        "spooled doctor --only database",
    )


AREA = Area("rotation", (secret_key, sessions))
