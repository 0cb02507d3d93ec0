"""What the readers of live events ask of the database costs a few pages for each organization."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import psycopg
import pytest

from shared.live.position import Place
from shared.live.room import Room
from shared.live.table import Table
from tests.support.plans import Plan, RecordingStore, plan_of
from tests.support.servers import Servers

if TYPE_CHECKING:
    from shared.live.wishes import Wishes
    from shared.store import Store

ORGANIZATIONS = 500
FILL = """
INSERT INTO organization (org_id, name, slug, plan_tier, created_at, updated_at)
SELECT n, 'o', 'o-' || n, 'pro', now(), now() FROM generate_series(1, 2000) AS n;
INSERT INTO watch (org_id, until)
SELECT n, now() + n % 6 * interval '1 minute' FROM generate_series(1, 2000) AS n;
INSERT INTO happening (org_id, xact, told_at, names, item)
SELECT 1 + n % 2000, n::text::xid8, now(), '{job.created}', '{}' FROM generate_series(1, 100000) AS n;
"""


@pytest.fixture(scope="module")
def crowd(servers: Servers, worker_id: str) -> Iterator[psycopg.Connection[Any]]:
    url = servers.new_database(f"live_plans_{worker_id}")
    with psycopg.connect(url, autocommit=True) as connection:
        with connection.transaction():
            connection.execute(FILL.encode())
        connection.execute("VACUUM ANALYZE organization, watch, happening")
        yield connection


async def plan(crowd: psycopg.Connection[Any], name: str, *, generic: bool) -> Plan:
    store = RecordingStore(rows={"read_new": [{"org_id": 1, "xact": None, "settled_before": 1}]})
    rooms = {org_id: Room(org_id, cast("Wishes", None)) for org_id in range(1, ORGANIZATIONS + 1)}
    table = Table(
        cast("Store", store), timedelta(minutes=5), rooms, _ignore, _ignore, lambda: datetime.now(UTC)
    )
    await table.keep_watch(list(rooms.values()), keep=True)
    for room in rooms.values():
        room.ring.begin("table", Place(90_000, 0))
        room.kept_until = float("inf")
    await table.read(7, Place(50_007, 1), Place(60_000, 0), 500)
    await table.poll()
    return plan_of(crowd, store.of(name), generic=generic)


@pytest.mark.parametrize("generic", [False, True], ids=["custom", "generic"])
@pytest.mark.parametrize(
    ("name", "most_buffers"),
    # Two rows of each organization found by their keys, and a third of them written.
    [("keep_watch", 20 * ORGANIZATIONS), ("read_new", 8 * ORGANIZATIONS), ("read_from", 20)],
)
async def test_readers_cost_a_few_pages(
    crowd: psycopg.Connection[Any], name: str, most_buffers: int, *, generic: bool
) -> None:
    """No table is read from end to end, neither by what is asked once a second nor by who comes back."""
    found = await plan(crowd, name, generic=generic)

    assert found.scanned_tables == set()
    assert found.buffers <= most_buffers


def _ignore(*_: object) -> None:
    pass
