"""Filters that nobody should send, over many jobs: each costs a few looks at all of them at most."""

from collections.abc import AsyncIterator, Iterator
from time import perf_counter
from typing import Any

import psycopg
import pytest

from shared import ids
from shared.edge.opening import open_core
from shared.settings import Settings
from tests.support.api import Tenant, api_of
from tests.support.effort import EFFORT

JOBS = min(100_000, 20_000 * EFFORT)
MOST_LOOKS = 12
"""In times of what it takes to look at each row of the organization once, with as simple a condition."""
TRIES = 2
ALL = "pending,scheduled,processing,completed,failed,deadletter,cancelled"
HOSTILE: dict[str, dict[str, Any]] = {
    "wildcards": {"q": "%_" * 120},
    "one wildcard": {"q": "%"},
    "backslashes": {"q": "\\" * 255},
    "a pattern that backtracks": {"q": "(a+)+" * 50 + "$"},
    "almost every name": {"q": "aaaaaaaaab"},
    "the head of every id": {"q": "job_"},
    "letters that grow in lower case": {"q": "İ" * 120},
    "a quote": {"q": "'; SELECT pg_sleep(10); --"},
    "all statuses": {"q": "nothing", "status": ALL},
    "one status many times": {"q": "nothing", "status": ",".join(["failed"] * 25)},
    "far behind": {"offset": 1_000_000, "limit": 1000, "q": "a"},
    "a key that none has": {"tag": "t" * 1024},
    "a key that all have": {"tag": "all", "offset": JOBS - 1_000},
    "a type that none has": {"job_type": "%" * 1024},
    "the ends of time": {
        "created_after": "1970-01-01T00:00:00Z",
        "created_before": "9999-12-31T23:59:59.999999Z",
        "q": "nothing",
    },
    "nothing between": {"created_after": "9999-12-31T00:00:00Z", "created_before": "1970-01-01T00:00:00Z"},
    "behind an id of another kind": {"after": "org_7zzzzzzzzzzzz", "q": "nothing"},
    "by priority": {"order_by": "priority", "order_dir": "asc", "q": "nothing", "tag": "all"},
    "all at once": {"q": "%", "tag": "'", "job_type": "_", "status": ALL, "order_by": "priority"},
}

FILL = """
INSERT INTO job (org_id, id, queue, state, priority, run_at, attempts, max_retries, timeout_seconds, payload,
                 tags, created_at, updated_at)
SELECT %(org)s, (extract(epoch FROM now())::bigint * 1000 << 20) + n, 'queue-' || n %% 40, 'pending',
       n %% 100, now(), 0, 3, 300, json_build_object('job_type', repeat('a', 200)), '{"all": 1}', now(), now()
FROM generate_series(1, %(jobs)s) AS n
"""
LOOK = "SELECT count(*) FROM job WHERE org_id = %s AND position('ab' IN lower(payload ->> 'job_type')) > 0"


@pytest.fixture(scope="module")
async def crowded(own_url: str, redis_url: str) -> AsyncIterator[Tenant]:
    """An organization of a database of its own, with all these jobs."""
    settings = Settings(spooled_env="development", database_url=own_url, redis_url=redis_url)
    core = await open_core(settings)
    async with api_of(core) as api:
        tenant = await api.new_tenant()
        with psycopg.connect(own_url, autocommit=True) as owner:
            owner.execute(FILL, {"org": ids.decode("org", tenant.org_id), "jobs": JOBS})
            owner.execute("VACUUM ANALYZE job")
        yield tenant
    await core.close()


@pytest.fixture(scope="module")
def owner(own_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(own_url, autocommit=True) as connection:
        yield connection


def look_seconds(owner: psycopg.Connection[Any], org_id: str) -> float:
    """What one look at all of the organization's jobs takes at this moment."""
    began = perf_counter()
    owner.execute(LOOK, [ids.decode("org", org_id)])
    return perf_counter() - began


async def looks_of(
    crowded: Tenant, owner: psycopg.Connection[Any], method: str, path: str, **sent: Any
) -> tuple[float, set[int]]:
    """How many looks a request takes, the least of several tries in turn with one look; its statuses."""
    ratios, statuses = [], set()
    for _ in range(TRIES):
        look = look_seconds(owner, crowded.org_id)
        began = perf_counter()
        statuses.add((await crowded.raw(method, path, **sent)).status_code)
        ratios.append((perf_counter() - began) / look)
    return min(ratios), statuses


@pytest.mark.parametrize("path", ["/jobs", "/jobs/dlq"])
@pytest.mark.parametrize("name", HOSTILE)
async def test_no_filter_costs_more_than_a_few_looks(
    crowded: Tenant, owner: psycopg.Connection[Any], name: str, path: str
) -> None:
    """Text in a filter is text and no pattern, and what is asked for is found or not in a pass or two."""
    filters = {key: value for key, value in HOSTILE[name].items() if path == "/jobs" or key != "status"}

    looks, statuses = await looks_of(crowded, owner, "GET", path, params=filters)

    assert statuses <= {200, 400}
    assert looks < MOST_LOOKS


async def test_a_preview_of_an_act_on_all_jobs(crowded: Tenant, owner: psycopg.Connection[Any]) -> None:
    """The same filters in front of an act on many jobs are as cheap."""
    for filters in (HOSTILE["one wildcard"], HOSTILE["almost every name"], HOSTILE["wildcards"]):
        body = {"act": "cancel", "filter": filters}
        looks, statuses = await looks_of(crowded, owner, "POST", "/jobs/acts/preview", json=body)

        assert statuses == {200}
        assert looks < MOST_LOOKS


async def test_statements_have_an_end(own_url: str, redis_url: str) -> None:
    """Whatever a statement is, the database gives it up after the time of the settings."""
    settings = Settings(
        spooled_env="development", database_url=own_url, redis_url=redis_url, statement_timeout_ms=100
    )
    core = await open_core(settings)
    async with api_of(core) as api:
        tenant = await api.new_tenant()
        with psycopg.connect(own_url) as holder:
            holder.execute("LOCK TABLE job IN ACCESS EXCLUSIVE MODE")
            refused = await tenant.raw("GET", "/jobs")
            holder.rollback()
        served = await tenant.raw("GET", "/jobs")
    await core.close()

    assert (refused.status_code, served.status_code) == (503, 200)
