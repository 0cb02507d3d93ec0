"""A database in which nothing is due but what the tests of this folder make."""

import psycopg
import pytest


@pytest.fixture(scope="module", autouse=True)
def nothing_else_is_due(database_url: str) -> None:
    """Schedules that other tests left behind would fire in each of the thousands of runs here."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("UPDATE schedule SET is_active = false, next_run_at = NULL WHERE is_active")
