"""Health for machines, and what Prometheus reads."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from functions.app import every_function
from shared.core import Core
from shared.edge.service import Service
from shared.tally import Tally
from tests.support.api import Api, Tenant
from tests.support.clock import MovingClock

SAMPLE = re.compile(r'^(spooled_[a-z_]+)(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? (-?[0-9.e+-]+)$')


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
    clock.advance(seconds=6)
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
    clock.advance(seconds=6)
    after = (await scraped(api))["spooled_jobs_pending"]

    assert (kept - before, after - before) == (0, 1)


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
        tally.job_completed(seconds)

    assert (tally.durations[0], tally.durations[1], tally.durations[-2], tally.durations[-1]) == (2, 1, 1, 1)


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
