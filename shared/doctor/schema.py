"""What is in the database: its migrations, and the walls between organizations."""

from shared.doctor.asking import LOGIN, ask, state_of
from shared.doctor.finding import Finding, failed, ok, skipped, warning
from shared.doctor.installation import Installation
from shared.errors import SpooledError
from shared.spoken import counted, listed
from shared.store import load_queries
from shared.store.migrate import known_migrations

QUERIES = load_queries(__file__)
_ROLES = {"spooled_app", "spooled_system"}
_NO_SUCH_TABLE, _NO_RIGHT = "42P01", "42501"
_NAMED = 3
_UPGRADE = "make deploy STACK=prod"
_LOCAL_UPGRADE = "make run"


async def migrations(installation: Installation) -> Finding:
    """The schema is that of this program: none is pending, changed, or of a later one."""
    try:
        applied = await _applied(installation)
    except SpooledError as error:
        if state_of(error) != _NO_RIGHT:
            raise
        return skipped(
            "only the owner of the tables may see which were applied",
            "Name the owner's login too:",
            "OWNER_DATABASE_URL=postgresql://... spooled doctor",
        )
    known = known_migrations()
    upgrade = _UPGRADE if installation.is_production else _LOCAL_UPGRADE
    if applied is None:
        return failed("none was ever applied here", "They are applied when the service starts:", upgrade)
    changed = [name for name, digest in applied.items() if known.get(name, digest) != digest]
    pending = [name for name in known if name not in applied]
    unknown = [name for name in applied if name not in known]
    if changed:
        return failed(
            f"{_some(changed)} had another text when applied",
            "The database is of another program than this one; run the one that made it:",
            "git log -- shared/store/migrations",
        )
    if pending:
        more = f"; {_some(unknown)} not known here" if unknown else ""
        return failed(
            f"{counted(len(pending), 'is', 'are')} pending: {_some(pending)}{more}",
            "They are applied when the service starts:",
            upgrade,
        )
    if unknown:
        return warning(
            f"{_some(unknown)} not known here: the database is of a later version",
            "Old code runs on a new schema, for a while. Upgrade this program:",
            "git pull",
        )
    return ok(f"all {len(applied)} applied")


async def roles(installation: Installation) -> Finding:
    """Requests and timers run in roles that own nothing and that the policies bind."""
    rows = await ask(installation, QUERIES["roles"])
    login = next(row for row in rows if row["is_login"])
    found = {row["name"]: row for row in rows if row["name"] in _ROLES}
    missing = sorted(_ROLES - {name for name, row in found.items() if row["may_be_taken"]})
    if missing:
        return failed(
            f"the login {login['name']} cannot take {listed(missing)}",
            "Every request fails. Let it in by the migration step, with OWNER_DATABASE_URL set:",
            _UPGRADE if installation.is_production else _LOCAL_UPGRADE,
        )
    strong = sorted(name for name, row in found.items() if row["owns"] or row["passes_walls"])
    if strong:
        return failed(
            f"{listed(strong)} can pass the walls between organizations",
            "They are to own nothing and have neither SUPERUSER nor BYPASSRLS:",
            f'psql "$DATABASE_URL" -c "ALTER ROLE {strong[0]} NOSUPERUSER NOBYPASSRLS"',
        )
    if login["passes_walls"] or (login["owns"] and installation.is_production):
        can = "can pass all walls" if login["passes_walls"] else "owns the tables"
        return warning(
            f"the login {login['name']} {can}: the roles bind each transaction, nothing binds the login",
            "Give DATABASE_URL a login of its own, and the owner's to OWNER_DATABASE_URL, see",
            "less docs/settings.md",
        )
    return ok(f"the login {login['name']} takes spooled_app and spooled_system, which own nothing")


async def row_level_security(installation: Installation) -> Finding:
    """It is forced on every table with organizations' rows."""
    rows = await ask(installation, QUERIES["open_tables"])
    if rows:
        names = [row["name"] for row in rows]
        return failed(
            f"it is not forced on {_some(names)}",
            "A query that forgets its filter would show others' rows there. Put the wall up again:",
            f'psql "$DATABASE_URL" -c "CALL protect_tenant_table(\'{names[0]}\')"',
        )
    return ok("forced on every table with organizations' rows")


async def _applied(installation: Installation) -> dict[str, str] | None:
    """The digest of each migration that ran, None where none ever did."""
    core = installation.owner or installation.core
    assert core is not None, "the first check of the area sees to it"
    try:
        rows = await core.store.fetch(LOGIN, QUERIES["migrations"])
    except SpooledError as error:
        if state_of(error) == _NO_SUCH_TABLE:
            return None
        raise
    return {row["name"]: row["digest"] for row in rows}


def _some(names: list[str]) -> str:
    shown = names[:_NAMED]
    rest = len(names) - len(shown)
    return listed([*shown, f"{rest} more"] if rest else shown)
