"""Outgoing webhooks: can their secrets be read, are they delivered."""

from datetime import timedelta

from shared.doctor.asking import ask
from shared.doctor.finding import Area, Finding, failed, ok, skipped, warning
from shared.doctor.installation import Installation
from shared.errors import SpooledError
from shared.spoken import counted, duration
from shared.store import SYSTEM, load_queries
from shared.webhooks.sealing import UnsealError, unseal

QUERIES = load_queries(__file__)
_LATE = timedelta(minutes=2)


async def switched_on(installation: Installation) -> Finding:
    """None was switched off since its deliveries failed."""
    if installation.core is None:
        return skipped("the database cannot be asked from here")
    try:
        row = (await ask(installation, QUERIES["switched_off"], SYSTEM))[0]
    except SpooledError:
        return skipped("the database does not answer, or was not migrated")
    if row["count"]:
        return warning(
            f"{counted(row['count'], 'was', 'were')} switched off, since many deliveries in a row failed",
            "Mend the other end, then switch them on again (`enabled`). See which:",
            'curl -sS "$SPOOLED_URL/api/v1/outgoing-webhooks" -H "Authorization: Bearer $SPOOLED_API_KEY"',
        )
    return ok("none was switched off by failures")


async def secrets(installation: Installation) -> Finding:
    """The SECRET_KEY of here opens what was stored: it is the one with which keys and secrets were made."""
    settings = installation.settings
    if settings is None or not installation.environment.get("SECRET_KEY"):
        return skipped("SECRET_KEY is not known here")
    rows = await ask(installation, QUERIES["some_secrets"], SYSTEM)
    unread = 0
    for row in rows:
        try:
            unseal(settings, bytes(row["sealed_secret"]))
        except UnsealError:
            unread += 1
    if not rows:
        return ok("no webhook has a secret")
    if unread:
        return failed(
            f"{unread} of the {len(rows)} newest secrets cannot be read with this SECRET_KEY",
            "Add the SECRET_KEY of before to SECRET_KEY_FALLBACKS; API keys need it too. If it is lost, set "
            "each secret anew. See",
            "less docs/rotation.md",
        )
    return ok(f"this SECRET_KEY reads the {len(rows)} newest secrets")


async def deliveries(installation: Installation) -> Finding:
    """None has been due for long."""
    now = installation.now()
    (row,) = await ask(installation, QUERIES["waiting_deliveries"], SYSTEM, late_since=now - _LATE)
    if row["count"]:
        return warning(
            f"{counted(row['count'], 'delivery is', 'deliveries are')} late, the oldest by "
            f"{duration(now - row['oldest'])}",
            "The timer `deliveries` sends them; see that it runs:",
            "spooled doctor --only timers",
        )
    return ok("none is late")


AREA = Area("webhooks", (secrets, deliveries), first=switched_on)
