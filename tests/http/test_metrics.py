"""Health for machines, and what Prometheus reads."""

import re
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from functions.app import every_function
from shared.beats import note_beat
from shared.core import Core
from shared.edge.cloud_metrics import METRICS, OF_QUEUES
from shared.edge.service import Service
from shared.metrics.exposition import exposition
from shared.metrics.finished import count_finished
from shared.metrics.gauges import read_gauges
from shared.metrics.responses import outcome_of
from shared.settings import Settings
from shared.store import Row, Scope, Statement, Store
from shared.tally import Tally
from tests.support.api import Api, Tenant
from tests.support.clock import MovingClock

PAGE = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text(encoding="utf-8")
SAMPLE = re.compile(r'^(spooled_[a-z_]+)(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? (-?[0-9.e+-]+)$')


@pytest.fixture
def settings(settings: Settings, own_url: str) -> Settings:
    """A count takes what all tests of a database finished, and looks into each of their organizations."""
    return settings.model_copy(update={"database_url": own_url})


async def scraped(api: Api) -> dict[str, float]:
    """The metrics, each line looked at, by name and labels."""
    response = await api.client.get("/metrics")
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/plain")
    samples = {}
    for line in response.text.splitlines():
        if not line.startswith("#"):
            match = SAMPLE.match(line)
            assert match, line
            samples[match[1] + (match[2] or "")] = float(match[4])
    return samples


async def test_metrics_count_the_life_of_jobs(org: Tenant, core: Core, clock: MovingClock, api: Api) -> None:
    """Jobs made, completed, failed and buried, with durations, and the gauges of what there is now."""
    clock.advance(minutes=10)  # the workers of earlier tests are silent by then, and stay so
    before = await scraped(api)
    done = await org.push()
    await org.push(idempotency_key="one")
    await org.push(idempotency_key="one", status=200)
    await org.post("/jobs/bulk", {"queue": "bulk", "jobs": [{"payload": 1}] * 3})
    await org.dequeue()
    clock.advance(seconds=3)
    await org.post(f"/jobs/{done['id']}/complete")
    again = await org.dequeue()
    await org.post(f"/jobs/{again['id']}/fail", {"error": "x"})
    await org.bury("reports")
    released = await org.dequeue("bulk")
    await org.post(f"/jobs/{released['id']}/release")
    await org.dequeue("bulk")
    await org.post("/workers/register", {"queue": "bulk", "hostname": "h"}, 201)
    clock.advance(minutes=1)
    after = await scraped(api)
    change = {name: after[name] - before.get(name, 0) for name in after}

    assert change["spooled_jobs_enqueued_total"] == 6
    assert change["spooled_jobs_completed_total"] == 1
    assert change["spooled_jobs_failed_total"] == 2
    assert change["spooled_jobs_dead_letter_total"] == 1
    assert change["spooled_jobs_dead_letter"] == 1
    assert (change["spooled_jobs_pending"], change["spooled_jobs_processing"]) == (3, 1)
    assert change["spooled_workers_active"] == 1
    assert change["spooled_job_duration_seconds_count"] == 1
    assert 3 <= change["spooled_job_duration_seconds_sum"] < 4
    assert change['spooled_job_duration_seconds_bucket{le="1.0"}'] == 0
    assert change['spooled_job_duration_seconds_bucket{le="5.0"}'] == 1
    assert change['spooled_job_duration_seconds_bucket{le="+Inf"}'] == 1
    assert after["spooled_job_max_age_seconds"] >= 0
    assert change['spooled_api_requests_total{method="POST",path="/api/v1/jobs",status="201"}'] == 3
    assert core.tally.enqueued == 6


async def test_gauges_are_counted_once_in_five_seconds(org: Tenant, clock: MovingClock, api: Api) -> None:
    """However often they are scraped: a job made meanwhile shows once they are counted anew."""
    before = (await scraped(api))["spooled_jobs_pending"]
    await org.push()
    kept = (await scraped(api))["spooled_jobs_pending"]
    clock.advance(minutes=1)
    after = (await scraped(api))["spooled_jobs_pending"]

    assert (kept - before, after - before) == (0, 1)


class SlowStore(Store):
    """A database in which counting takes two seconds, as with several million jobs that wait."""

    clock: MovingClock

    async def fetch_each(self, scope: Scope, statements: Sequence[Statement], **how: Any) -> list[list[Row]]:
        rows = await super().fetch_each(scope, statements, **how)
        self.clock.advance(seconds=2)
        return rows


async def test_what_takes_long_to_count_is_counted_less_often(
    core: Core, org: Tenant, clock: MovingClock
) -> None:
    """Counting takes a tenth of the time at most, however many jobs wait and however often it is scraped."""
    store = SlowStore(core.store._connections, statement_timeout_ms=30_000)
    store.clock = clock
    slow = replace(core, store=store)
    first = await read_gauges(slow, clock())
    await org.push()
    clock.advance(seconds=16)
    kept = await read_gauges(slow, clock())
    clock.advance(seconds=60)
    anew = await read_gauges(slow, clock())

    assert first is not None
    assert kept is first
    assert anew is not None
    assert anew.service["jobs_pending"] == first.service["jobs_pending"] + 1


async def test_a_lapsed_lease_is_a_failed_attempt(org: Tenant, core: Core, clock: MovingClock) -> None:
    """What nobody reported is counted when it is recovered."""
    await org.push(max_retries=0)
    await org.dequeue(lease_duration_secs=5)
    clock.advance(seconds=6)
    await org.dequeue()

    assert (core.tally.failed, core.tally.dead) == (1, 1)


def test_a_duration_falls_into_one_bucket() -> None:
    """A duration at a bound belongs to that bound; one above all bounds is still counted."""
    tally = Tally()
    for seconds in (0, 0.01, 0.011, 3600, 3601):
        tally.jobs_completed(1, seconds)

    assert (tally.durations[0], tally.durations[1], tally.durations[-2], tally.durations[-1]) == (2, 1, 1, 1)


@pytest.mark.parametrize(
    ("method", "status", "outcome"),
    [
        ("GET", 200, "ok"),
        ("GET", 304, "ok"),
        ("POST", 404, "refused"),
        ("POST", 429, "limited"),
        ("GET", 503, "failed"),
        ("gRPC", 0, "ok"),
        ("gRPC", 5, "refused"),
        ("gRPC", 8, "limited"),
        ("gRPC", 14, "failed"),
    ],
)
def test_a_request_has_one_of_four_outcomes(method: str, status: int, outcome: str) -> None:
    """HTTP and gRPC alike: answered, refused, above a limit, or failed by our fault."""
    assert outcome_of(method, status) == outcome


async def test_what_never_happened_is_counted_as_none(api: Api) -> None:
    """A series that is there from the start lets Prometheus see the first failure of a process."""
    found = await scraped(api)

    assert found['spooled_api_responses_total{outcome="failed"}'] == 0
    assert found['spooled_jobs_finished_total{queue="other",outcome="failed"}'] >= 0
    assert found['spooled_job_run_seconds_bucket{queue="other",le="0.005"}'] >= 0


async def test_queues_are_shown_by_name_with_what_is_due(
    org: Tenant, core: Core, clock: MovingClock, api: Api
) -> None:
    """Jobs for later are not due; the oldest that is has waited since its time, not since it was made."""
    clock.advance(minutes=1)
    queue = f"due-{uuid.uuid4().hex[:8]}"
    await org.push(queue, delay_seconds=60)
    await org.push(queue, delay_seconds=3600)
    await count_finished(
        replace(core, settings=core.settings.model_copy(update={"metrics_queues": 10_000})), 10
    )
    clock.advance(seconds=100)
    found = await scraped(api)

    assert found[f'spooled_queue_due_jobs{{queue="{queue}"}}'] == 1
    assert 40 <= found[f'spooled_queue_oldest_pending_seconds{{queue="{queue}"}}'] < 45
    assert found["spooled_job_max_age_seconds"] >= 40


async def test_a_schedule_that_did_not_fire_shows_how_late_it_is(
    org: Tenant, clock: MovingClock, api: Api
) -> None:
    """While no timer fires it, the lag grows from when it was due."""
    made = await org.post(
        "/schedules",
        {"name": "s", "cron_expression": "0 * * * * *", "queue_name": "q", "payload_template": {}},
        201,
    )
    clock.advance(minutes=10)
    found = await scraped(api)
    await org.delete(f"/schedules/{made['id']}")

    assert found["spooled_schedule_lag_seconds"] >= 540


async def metrics_of(core: Core, **settings: Any) -> str:
    """What a service with such settings tells at `/metrics`."""
    told = await exposition(replace(core, settings=core.settings.model_copy(update=settings)), core.clock())
    return told.decode()


async def test_an_open_service_tells_no_names_of_queues(org: Tenant, core: Core) -> None:
    """Without a token anybody reads the metrics: all queues are one, and nothing of it is missing."""
    await org.push("secret-project")
    await count_finished(
        replace(core, settings=core.settings.model_copy(update={"metrics_queues": 10_000})), 10
    )
    named = await metrics_of(core, spooled_env="production", metrics_token="t")
    core.tally.gauges = None
    unnamed = await metrics_of(core, spooled_env="production", metrics_token="")

    assert 'queue="secret-project"' in named
    assert set(re.findall(r'queue="([^"]*)"', unnamed)) == {"other"}
    assert org.org_id not in named


async def test_the_page_of_metrics_has_what_is_told(core: Core, api: Api) -> None:
    """Each metric stands in docs/metrics.md once, with its type and its labels."""
    await note_beat(core, "of a test", 10**6, core.clock(), None)
    await api.get("/health")
    text = (await api.client.get("/metrics")).text
    told = {}
    for name, kind in re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE):
        samples = re.findall(rf"^{name}(?:_bucket)?(?:\{{(.*)\}})? ", text, re.MULTILINE)
        told[name] = (kind, set(re.findall(r'(\w+)="', " ".join(samples))))
    rows = re.findall(r"^\| `(spooled_\w+)` \| (\w+) \| ([^|]*)\|", PAGE, re.MULTILINE)
    described = {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}

    assert described == told
    assert len(rows) == len(described)


def test_the_page_of_metrics_has_what_the_cloud_gets() -> None:
    """Each metric of CloudWatch stands there with its unit."""
    section = PAGE.partition("## In the cloud")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|", section, re.MULTILINE)

    assert dict(rows) == METRICS
    assert all(f"`{name}`" in section.rpartition("\n| ")[2] for name in OF_QUEUES)


@pytest.fixture
async def guarded(core: Core) -> AsyncIterator[Api]:
    """The service with a metrics token."""
    settings = core.settings.model_copy(update={"metrics_token": "scrape-me"})

    async def opened() -> Core:
        return replace(core, settings=settings)

    transport = httpx.ASGITransport(Service(every_function()[0], opened))
    async with httpx.AsyncClient(transport=transport, base_url="http://spooled") as client:
        yield Api(client)


async def test_a_metrics_token_closes_the_metrics(guarded: Api) -> None:
    """With a token configured neither no token, nor a wrong one, nor an API key opens them."""
    org = await guarded.new_tenant()
    refused = await guarded.get("/metrics", status=401)
    await org.get("/metrics", status=401)
    await Api(guarded.client, "scrape-me-not").get("/metrics", status=401)
    opened = await Api(guarded.client, "scrape-me").raw("GET", "/metrics")

    assert refused["code"] == "UNAUTHORIZED"
    assert (opened.status_code, "spooled_" in opened.text) == (200, True)


async def test_a_well_service_is_alive_and_ready(api: Api) -> None:
    """Both probes are 200 without a credential."""
    assert await api.get("/health/live") == {"status": "alive"}
    assert await api.get("/health/ready") == {"status": "ready", "database": True}
