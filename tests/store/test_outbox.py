"""The database's own words: ids, instants and events are what the API writes."""

import random
from datetime import UTC, datetime, timedelta

import orjson
import psycopg
import pytest

from shared import ids
from shared.edge.answer import encode
from shared.jobs.model import retry_count_of, status_of

NOW = datetime(2026, 3, 1, 12, 0, 0, 120_000, tzinfo=UTC)
EDGES = [0, 1, 31, 32, 2**20 - 1, 2**60 - 1, 2**60, 2**63 - 1]


async def answer(database_url: str, query: str, *parameters: object) -> object:
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        row = await (await connection.execute(query, parameters)).fetchone()
    assert row is not None
    return row[0]


async def test_public_ids_are_those_of_the_api(database_url: str) -> None:
    """A key has the same public form in an event as in every answer."""
    chance = random.Random(1)
    keys = EDGES + [chance.randrange(2**63) for _ in range(200)]

    made = await answer(
        database_url,
        "SELECT array_agg(public_id('job', key) ORDER BY place) FROM unnest(%s::bigint[])"
        " WITH ORDINALITY AS given(key, place)",
        keys,
    )

    assert made == [ids.encode("job", key) for key in keys]


@pytest.mark.parametrize("microseconds", [0, 1, 120_000])
async def test_instants_are_those_of_the_api(database_url: str, microseconds: int) -> None:
    """An instant in an event reads as the one in an answer."""
    instant = NOW.replace(microsecond=microseconds)

    made = await answer(database_url, "SELECT json_instant(%s)", instant)

    assert made == orjson.loads(encode(instant))


@pytest.mark.parametrize(
    "state", ["waiting", "pending", "processing", "completed", "deadletter", "cancelled"]
)
@pytest.mark.parametrize("attempts", [0, 1, 3])
@pytest.mark.parametrize("ahead", [-1, 1])
async def test_a_jobs_status_and_count_are_those_of_the_api(
    database_url: str, state: str, attempts: int, ahead: int
) -> None:
    """An event says of a job what reading the job says."""
    row = {"state": state, "attempts": attempts, "run_at": NOW + timedelta(seconds=ahead)}

    made = await answer(
        database_url,
        "SELECT job_event(1, 'q', %s, 0, %s, 3, %s, NULL, NULL, NULL, NULL, NULL, NULL, %s)",
        state, attempts, row["run_at"], NOW,
    )  # fmt: skip

    assert isinstance(made, dict)
    assert made["status"] == status_of(row, NOW)
    assert made["retry_count"] == made["attempt"] == retry_count_of(row)
