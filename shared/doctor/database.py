"""PostgreSQL: is it there, is it the right one, is there room in it."""

from collections.abc import Mapping
from datetime import timedelta
from time import monotonic
from typing import Any

from shared.doctor.asking import ask, ask_one, words_of
from shared.doctor.finding import Area, Finding, failed, ok, skipped, warning
from shared.doctor.installation import Installation
from shared.doctor.schema import migrations, roles, row_level_security
from shared.doctor.secrecy import place_of, without_secrets
from shared.errors import SpooledError
from shared.spoken import counted, duration, listed, size
from shared.store import load_queries

QUERIES = load_queries(__file__)
_LEAST_VERSION = 150_000
_LOOKS = 3
_SLOW_SECONDS = 0.02
_NEARLY_FULL = 0.8
_LONG_SECONDS = 60
_LONG_TRANSACTIONS = 10_000_000
"""So many behind, and vacuum has long been kept from working."""
_MANY_DEAD = 50_000
_OLD_IDS, _SPENT_IDS = 1_000_000_000, 1_800_000_000
"""Transaction ids in use: at two thousand million the server takes no more changes."""
_PSQL = 'psql "$DATABASE_URL" -c "{}"'


async def reachable(installation: Installation) -> Finding:
    """It answers, soon, is of a version that we know and takes changes."""
    if installation.core is None:
        return skipped(
            "DATABASE_URL is not set here: only what the service itself says is looked at",
            "To look at the database too, run it where the service runs:",
            "DATABASE_URL=postgresql://... spooled doctor",
        )
    place = place_of(installation.core.settings.database_url)
    try:
        times = []
        for _ in range(_LOOKS):
            begun = monotonic()
            server = await ask_one(installation, QUERIES["server"])
            times.append(monotonic() - begun)
    except SpooledError as error:
        said = without_secrets(installation, words_of(error))
        return failed(
            f"{place}: {said}", "Start the server, or correct DATABASE_URL:", _PSQL.format("SELECT 1")
        )
    said = f"PostgreSQL {server['version']} at {place}, answers in {duration(timedelta(seconds=min(times)))}"
    if server["number"] < _LEAST_VERSION:
        return failed(said, "It has to be version 15 or later, see", _PSQL.format("SELECT version()"))
    if server["only_reads"]:
        return failed(
            f"{said}, is a standby that only reads",
            "Set DATABASE_URL to the primary, which answers f to",
            _PSQL.format("SELECT pg_is_in_recovery()"),
        )
    if min(times) > _SLOW_SECONDS:
        return warning(
            said,
            "Each change of a job waits that long: run the service near the database. Look again from there:",
            "spooled doctor",
        )
    return ok(said)


async def connections(installation: Installation) -> Finding:
    """The server has connections left."""
    row = await ask_one(installation, QUERIES["connections"])
    said = f"{row['used']} of {row['allowed']} in use"
    if row["used"] >= _NEARLY_FULL * row["allowed"]:
        return warning(
            said,
            "Lower DATABASE_POOL_SIZE, put a pooler between, or raise max_connections. See who has them:",
            _PSQL.format("SELECT usename, application_name, count(*) FROM pg_stat_activity GROUP BY 1, 2"),
        )
    return ok(said)


async def long_transactions(installation: Installation) -> Finding:
    """Nothing keeps an old snapshot, which holds back vacuum and makes claims slow."""
    rows = await ask(installation, QUERIES["oldest_transactions"])
    held = [
        row
        for row in rows
        if (row["age_seconds"] or 0) >= _LONG_SECONDS or (row["age_transactions"] or 0) >= _LONG_TRANSACTIONS
    ]
    if not held:
        oldest = max((row["age_seconds"] or 0 for row in rows), default=0)
        return ok(
            f"the oldest is open for {duration(timedelta(seconds=oldest))}" if oldest else "none is open"
        )
    said = f"{listed([_holder(row) for row in held])} {'holds' if len(held) == 1 else 'hold'} back vacuum"
    return warning(said, "End what is not needed:", _ending(held[0]))


async def job_table(installation: Installation) -> Finding:
    """The table of unfinished jobs is kept clean: claims walk over what is dead in it."""
    row = await ask_one(installation, QUERIES["job_table"])
    vacuumed = row["vacuumed_at"]
    ago = f"vacuumed {duration(installation.now() - vacuumed)} ago" if vacuumed else "not vacuumed yet"
    said = f"{row['live']:,} live and {row['dead']:,} dead rows in {size(row['bytes'])}, {ago}"
    if row["dead"] > max(_MANY_DEAD, row["live"]):
        return warning(
            said,
            "Autovacuum does not keep up: see that it is on and that no long transaction holds it back. Now:",
            _PSQL.format("VACUUM (VERBOSE) job"),
        )
    return ok(said)


async def transaction_ids(installation: Installation) -> Finding:
    """The server is far from the end of its transaction ids."""
    used = (await ask_one(installation, QUERIES["transaction_ids"]))["used"]
    said = f"{used / 1e6:,.0f} of 2,000 million in use"
    if used > _OLD_IDS:
        judge = failed if used > _SPENT_IDS else warning
        return judge(said, "The server stops at the end of them. Freeze old rows:", "vacuumdb --all --freeze")
    return ok(said)


async def growth(installation: Installation) -> Finding:
    """How large it is, and what it grows to."""
    settings = installation.settings
    row = await ask_one(installation, QUERIES["growth"], today=installation.now().date())
    said = f"{size(row['bytes'])} in all"
    if row["days"]:
        daily = row["recent_bytes"] / row["days"]
        said += f"; finished jobs took {size(daily)} a day in the last {counted(row['days'], 'day', 'days')}"
        if settings is not None:
            kept = settings.job_retention_days
            said += f", and are kept {kept} days: up to {size(daily * kept)}"
    return ok(said)


async def partitions(installation: Installation) -> Finding:
    """The archive has the partitions of today and tomorrow, made by the timer `retention`."""
    rows = await ask(installation, QUERIES["missing_partitions"], today=installation.now().date())
    if rows:
        return failed(
            f"there is none for {listed([row['day'] for row in rows])}",
            "The timer `retention` makes them each hour; see that it runs:",
            "spooled doctor --only timers",
        )
    return ok("there are those of today and tomorrow")


def _holder(row: Mapping[str, Any]) -> str:
    said = f"{row['kind']} {row['name']}"
    if row["age_seconds"] is not None:
        return f"{said} ({duration(timedelta(seconds=row['age_seconds']))})"
    return f"{said} ({row['age_transactions']:,} transactions)"


def _ending(row: Mapping[str, Any]) -> str:
    if row["kind"] == "replication slot":
        return _PSQL.format(f"SELECT pg_drop_replication_slot('{row['name']}')")
    if row["kind"] == "prepared transaction":
        return _PSQL.format(f"ROLLBACK PREPARED '{row['name']}'")
    return _PSQL.format(f"SELECT pg_terminate_backend({row['name']})")


AREA = Area(
    "database",
    (
        migrations,
        roles,
        row_level_security,
        connections,
        long_transactions,
        job_table,
        transaction_ids,
        growth,
        partitions,
    ),
    first=reachable,
)
