"""Gateway and timers in front of the emulator: requests and starts reach the repository's own functions."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import orjson
import pytest

from localstack.cloud.deployed import Deployed, DeployedSchedule
from localstack.cloud.scheduler import run_schedules
from localstack.gateway import Gateway
from localstack.lambdas.model import Invocation, Invoke
from localstack.lambdas.output import LogFolder
from localstack.lambdas.pool import Lambdas
from shared.settings import Settings
from tests.support.from_tree import deployed_from_tree, function_from_tree, installed_layer
from tests.support.lambdas import no_secrets

# A timer stops five seconds before its time is over.
TIMER_SECONDS = 6
ROUTES = {
    "POST /api/v1/organizations": "functions.organizations.create",
    "POST /api/v1/jobs": "functions.jobs.create",
    "GET /api/v1/jobs/{job_id}": "functions.jobs.get",
    "$default": "functions.edge.default",
}
TIMER = "functions.ticks.leases"


@pytest.fixture(scope="module")
def deployed(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    """A small part of the stack."""
    layer = installed_layer(tmp_path_factory.mktemp("layer"))
    stack = deployed_from_tree(ROUTES, settings, layer)
    timer = function_from_tree(TIMER, settings, layer, timeout_seconds=TIMER_SECONDS)
    schedule = DeployedSchedule("leases", "rate(1 minutes)", TIMER, "{}")
    return replace(stack, functions={**stack.functions, TIMER: timer}, schedules=(schedule,))


@pytest.fixture
async def invoke(deployed: Deployed, tmp_path: Path) -> AsyncIterator[Invoke]:
    logs = LogFolder(tmp_path / "logs")
    async with Lambdas(deployed.functions, secrets=no_secrets, logs=logs) as lambdas:
        yield lambdas.invoke


async def test_a_job_goes_in_and_comes_out(deployed: Deployed, invoke: Invoke) -> None:
    """Three functions in three processes answer as one service, and the default takes the rest."""
    transport = httpx.ASGITransport(Gateway(deployed, invoke))  # type: ignore[arg-type]
    async with httpx.AsyncClient(
        transport=transport, base_url="http://api.example.com", timeout=60
    ) as client:
        body = {"name": "Gateway", "slug": "gateway-functions"}
        made = await client.post("/api/v1/organizations", json=body)
        client.headers["Authorization"] = f"Bearer {made.json()['api_key']['key']}"
        payload = {"text": "grüß dich 🌍", "n": 1}
        job = await client.post("/api/v1/jobs", json={"queue_name": "emails", "payload": payload})
        read = await client.get(f"/api/v1/jobs/{job.json()['id']}")
        head = await client.head(f"/api/v1/jobs/{job.json()['id']}")
        refused = await client.put("/api/v1/jobs")

    assert (made.status_code, job.status_code, read.status_code) == (201, 201, 200)
    assert read.json()["payload"] == payload
    assert (head.status_code, head.headers["Content-Length"]) == (200, read.headers["Content-Length"])
    assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, HEAD, POST")


async def test_a_schedule_runs_its_function(deployed: Deployed, invoke: Invoke) -> None:
    """The timer's function starts at once, works until its time is over, and says what it did."""
    outcomes: asyncio.Queue[Invocation] = asyncio.Queue()

    async def watched(name: str, payload: bytes) -> Invocation:
        outcome = await invoke(name, payload)
        outcomes.put_nowait(outcome)
        return outcome

    timers = asyncio.create_task(run_schedules(deployed.schedules, watched))
    outcome = await asyncio.wait_for(outcomes.get(), 60)
    timers.cancel()

    assert not outcome.failed
    assert "recovered" in orjson.loads(outcome.payload)
