"""What AWS would refuse to invoke is not invoked here, whatever the function itself would answer."""

import asyncio
from dataclasses import replace

import httpx
import pytest

from localstack.cloud.deployed import Deployed, DeployedSchedule
from localstack.cloud.scheduler import run_schedules
from localstack.gateway import Gateway
from localstack.lambdas.model import Invocation
from tests.support.gateway import Behind, deployed_routes


def _refused_routes() -> Deployed:
    deployed = deployed_routes()
    (route,) = deployed.routes
    return replace(deployed, routes=(replace(route, refused="the function does not permit it"),))


async def test_route_without_permission_answers_500(caplog: pytest.LogCaptureFixture) -> None:
    """As API Gateway does; the reason stands in the log of this machine."""
    function = Behind()
    transport = httpx.ASGITransport(Gateway(_refused_routes(), function))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://api.example.com") as client:
        answer = await client.get("/api/v1/jobs")

    assert (answer.status_code, answer.json()) == (500, {"message": "Internal Server Error"})
    assert function.events == []
    assert "the function does not permit it" in caplog.text


async def test_schedule_without_a_right_starts_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Its function is not invoked, though it comes first, and the others' are."""
    function, invoked = Behind(), asyncio.Event()

    async def invoke(name: str, payload: bytes) -> Invocation:
        invoked.set()
        return await function(name, payload)

    free = DeployedSchedule("free", "rate(1 minutes)", "function", '{"of": "free"}')
    refused = DeployedSchedule("held", "rate(1 minutes)", "function", "{}", "its role does not allow it")
    started = asyncio.create_task(run_schedules([refused, free], invoke))

    async with asyncio.timeout(60):
        await invoked.wait()
    started.cancel()
    assert function.events == [{"of": "free"}]
    assert "schedule held: its role does not allow it" in caplog.text


def test_faults_of_a_stack_name_what_is_refused() -> None:
    """Each with its kind and name, for who starts the stack."""
    stack = replace(
        _refused_routes(),
        schedules=(DeployedSchedule("held", "rate(1 minutes)", "function", "{}", "no right"),),
    )

    assert stack.faults == ["route $default: the function does not permit it", "schedule held: no right"]
