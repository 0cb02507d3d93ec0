"""The statements of the deliveries read indexes, whatever stands in the outbox."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import psycopg
import pytest

from shared.core import Core
from shared.events.wakeups import Wakeups
from shared.settings import Settings
from shared.webhooks.deliver import deliver_due
from shared.webhooks.retention import delete_old_webhook_deliveries
from tests.support.plans import RecordingStore, plan_of
from tests.support.servers import Servers

if TYPE_CHECKING:
    from shared.store import Store

NOW = datetime(2027, 6, 1, tzinfo=UTC)
FILL = """
INSERT INTO organization (org_id, name, slug, plan_tier, created_at, updated_at)
SELECT n, 'o', 'o-' || n, 'pro', now(), now() FROM generate_series(1, 3) AS n;
INSERT INTO webhook (org_id, id, name, url, events, created_at, updated_at)
SELECT 1 + n % 3, n, 'w', 'https://example.com/', '{job.created}', now(), now()
FROM generate_series(1, 60) AS n;
-- One webhook with a backlog of 40,000, and the history and waiting retries of all others.
INSERT INTO webhook_delivery (org_id, id, webhook_id, event, data, next_attempt_at, created_at)
SELECT 2, n, 1, 'job.created', '{}', '2027-05-01', now() FROM generate_series(1, 40000) AS n;
INSERT INTO webhook_delivery (org_id, id, webhook_id, event, data, state, next_attempt_at, created_at)
SELECT 1 + n % 3, 100000 + n, 1 + (n - 1) % 60, 'job.created', '{}',
       CASE WHEN n % 2 = 0 THEN 'success' ELSE 'pending' END,
       CASE WHEN n % 2 = 1 THEN '2027-07-01'::date END, now()
FROM generate_series(1, 20000) AS n;
"""


@pytest.fixture(scope="module")
def crowd(servers: Servers, worker_id: str) -> Iterator[psycopg.Connection[Any]]:
    url = servers.new_database(f"delivery_plans_{worker_id}")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ALTER TABLE webhook_delivery SET (autovacuum_enabled = off)")
        with connection.transaction():
            connection.execute(FILL.encode())
        connection.execute("VACUUM ANALYZE webhook, webhook_delivery")
        yield connection


@pytest.mark.parametrize("generic", [False, True], ids=["custom", "generic"])
@pytest.mark.parametrize(
    ("name", "most_buffers"),
    [
        ("find_targets", 1000),
        ("take_due", 200),
        ("record_outcome", 100),
        ("close_disabled", 100_000),
        ("delete_old_deliveries", 60_000),
    ],
)
async def test_a_backlog_of_one_target_costs_the_others_nothing(
    crowd: psycopg.Connection[Any], name: str, most_buffers: int, *, generic: bool
) -> None:
    """Targets are found, rows taken and outcomes recorded by a few index probes each."""
    due = {"is_due": True, "is_failing": False}
    store = RecordingStore(
        rows={
            "find_targets": [
                {"org_id": 2, "target": 1, "enabled": True, **due},
                {"org_id": 3, "target": 2, "enabled": False, **due},
            ],
            "organizations": [{"org_id": 2, "plan_tier": "pro", "custom_limits": None}],
        }
    )
    core = Core(Settings(spooled_env="development"), cast("Store", store), Wakeups())
    await deliver_due(core, NOW, 1.0)
    await delete_old_webhook_deliveries(core, NOW, 0.0)
    if name == "record_outcome":
        store.rows["take_due"] = [_poisoned()]
        await deliver_due(core, NOW, 1.0)

    plan = plan_of(crowd, store.of(name), generic=generic)

    assert plan.scanned_tables == set()
    assert plan.buffers <= most_buffers


def _poisoned() -> dict[str, Any]:
    """A row whose attempt ends before anything is sent."""
    return {
        "org_id": 2,
        "id": 7,
        "target": 1,
        "event": "job.created",
        "data": {},
        "job_id": None,
        "attempts": 1,
        "created_at": NOW,
        "url": "nonsense",
        "format": "json",
        "sealed_secret": None,
    }
