"""Who looks beyond one organization, and why: each function that does is named, and so is what guards it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

import shared

ROOT = Path(str(shared.__file__)).parents[1]
TABLE = Path(__file__).with_name("system_scope.txt")
REASONS = {
    "timer": "works for all organizations, in batches, and is asked by nobody",
    "sign-in": "runs before anybody knows the organization: a hash, slug, address or customer finds it",
    "person": "is about people, who are beyond one organization, and names the one that is meant",
    "admin": "is the administrator's, behind the admin key",
    "service": "is a figure of the whole service, with nothing of an organization in it",
    "named": "serves several organizations in one statement, each named in an array beside its own things",
    "unique": "looks whether an id is taken anywhere, which the contract lets the caller know",
    "closing": "ends an organization that was closed",
}


def read_table() -> dict[str, str]:
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    rows = [line.split("|") for line in lines if line.strip() and not line.startswith("#")]
    return {where.strip(): why.strip() for where, why in rows}


def uses_of_system() -> Iterator[str]:
    """`shared/jobs/causes.py: fill_causes`: each function that names the scope of all organizations."""
    for folder in ("shared", "functions"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if path.is_relative_to(ROOT / "shared/store"):
                continue
            place = path.relative_to(ROOT).as_posix()
            for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                    names = [part.id for part in ast.walk(function) if isinstance(part, ast.Name)]
                    if "SYSTEM" in names:
                        yield f"{place}: {function.name}"


def test_who_looks_beyond_one_organization_is_named() -> None:
    """A new use of the scope of all organizations has a reason in the table, and each in the table is one."""
    assert sorted(read_table()) == sorted(set(uses_of_system()))
    assert set(read_table().values()) == set(REASONS)


@pytest.fixture(scope="module")
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url) as opened:
        yield opened


def test_the_roles_of_the_service_own_nothing_and_pass_by_nothing(connection: psycopg.Connection) -> None:
    """Neither role may log in, skip row-level security, make roles or databases, or owns a thing."""
    roles = connection.execute(
        "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication"
        " FROM pg_roles WHERE rolname IN ('spooled_app', 'spooled_system') ORDER BY rolname"
    ).fetchall()
    owned = connection.execute(
        "SELECT count(*) FROM pg_class WHERE relowner::regrole::text IN ('spooled_app', 'spooled_system')"
    ).fetchone()

    assert roles == [(name, *[False] * 6) for name in ("spooled_app", "spooled_system")]
    assert owned == (0,)


def test_no_function_runs_with_anothers_rights_on_an_open_path(connection: psycopg.Connection) -> None:
    """One that is SECURITY DEFINER says where it looks names up, so that nobody puts others before them."""
    open_ones = connection.execute(
        "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
        " AND prosecdef"
        " AND NOT EXISTS (SELECT FROM unnest(proconfig) AS said WHERE said LIKE 'search_path=%')"
    ).fetchall()
    callable_by_all = connection.execute(
        "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
        " AND prosecdef AND has_function_privilege('public', oid, 'EXECUTE')"
    ).fetchall()

    assert open_ones == []
    assert callable_by_all == []


def test_a_new_table_is_protected_or_closed(connection: psycopg.Connection) -> None:
    """What the application's role may touch has row-level security, enabled and forced: tables and views."""
    unguarded = connection.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " AND relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT (relrowsecurity AND relforcerowsecurity)"
        " AND has_table_privilege('spooled_app', oid, 'SELECT, INSERT, UPDATE, DELETE')"
    ).fetchall()

    assert unguarded == []
