"""What is taken out of the declaration is missed: the checks of the whole stack see each kind of loss."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from infra.archives import Archives
from localstack.cloud.endpoint import Endpoint
from localstack.cloud.read_back import read_back
from tests.support.emulated import deploy_program, few_functions, lacking

Losses = Callable[..., Any]


@pytest.fixture
def functions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    # The program looks for the functions that it gives more environments; few of them are here.
    monkeypatch.setattr("infra.concurrency.WAITING", frozenset())
    monkeypatch.setattr("infra.concurrency.HOT", frozenset())
    return few_functions(tmp_path / "functions")


@pytest.fixture
def losses(cloud: Endpoint, archives: Archives, functions: Path, tmp_path: Path) -> Losses:
    """Deploy the few functions as a stack of this name, and tell what is lacking."""

    async def deploy_and_look(stack: str, *, declared: Path = functions) -> list[str]:
        await deploy_program(cloud, archives, stack=stack, functions=declared)
        deployed = read_back(cloud, f"spooled-{stack}", tmp_path / "code")
        return lacking(cloud, deployed, f"spooled-{stack}", functions)

    return deploy_and_look


def _leave_out(monkeypatch: pytest.MonkeyPatch, module: Any, kind: str, name: str) -> None:
    """The program without one of its resources."""
    real = getattr(module, kind)

    def declared(resource: str, *args: Any, **options: Any) -> Any:
        if resource == name:
            return pulumi.ComponentResource("test:index:Nothing", f"no-{kind}-{name}")
        return real(resource, *args, **options)

    monkeypatch.setattr(module, kind, declared)


async def test_nothing_is_lacking(losses: Losses) -> None:
    """The few functions as they are have everything, so that what is lacking below is the loss."""
    assert await losses("few") == []


async def test_function_file_is_missed(losses: Losses, tmp_path: Path) -> None:
    """A file that the program did not see has no Lambda."""
    fewer = few_functions(tmp_path / "fewer")
    (fewer / "jobs" / "create.py").unlink()

    assert await losses("fewer", declared=fewer) == ["spooled-fewer-jobs-create: no Lambda"]


async def test_route_is_missed(losses: Losses, monkeypatch: pytest.MonkeyPatch) -> None:
    """A function without its route is reached by nobody."""
    _leave_out(monkeypatch, aws.apigatewayv2, "Route", "jobs-create")

    assert await losses("noroute") == ["spooled-noroute-jobs-create: 0 routes and schedules"]


async def test_permission_is_missed(losses: Losses, monkeypatch: pytest.MonkeyPatch) -> None:
    """A route whose function does not let the gateway call it would answer 500."""
    _leave_out(monkeypatch, aws.lambda_, "Permission", "jobs-create")

    (lost,) = await losses("noright")
    assert lost.startswith(
        "route POST /api/v1/jobs: the function spooled-noright-jobs-create does not permit"
    )


async def test_schedule_is_missed(losses: Losses, monkeypatch: pytest.MonkeyPatch) -> None:
    """A timer without its schedule never runs."""
    _leave_out(monkeypatch, aws.scheduler, "Schedule", "ticks-leases")

    assert await losses("noschedule") == ["spooled-noschedule-ticks-leases: 0 routes and schedules"]


async def test_right_of_the_scheduler_is_missed(losses: Losses, monkeypatch: pytest.MonkeyPatch) -> None:
    """A schedule whose role may not invoke the function starts nothing."""
    _leave_out(monkeypatch, aws.iam, "RolePolicy", "ticks-leases-schedule")

    (lost,) = await losses("nostart")
    assert lost.startswith("schedule spooled-nostart-ticks-leases: the role")
    assert "does not allow lambda:InvokeFunction" in lost


async def test_right_of_a_function_is_missed(losses: Losses, monkeypatch: pytest.MonkeyPatch) -> None:
    """A function whose role may not read its secrets knows no database."""
    _leave_out(monkeypatch, aws.iam, "RolePolicy", "jobs-create")

    lost = await losses("nosecret")
    assert len(lost) == 2
    assert all(line.startswith("spooled-nosecret-jobs-create: may not read arn:aws:secrets") for line in lost)


async def test_alarm_and_log_group_are_missed(losses: Losses, monkeypatch: pytest.MonkeyPatch) -> None:
    """A function that fails unseen, or whose log never ends."""
    _leave_out(monkeypatch, aws.cloudwatch, "MetricAlarm", "jobs-create-errors")

    assert await losses("noalarm") == ["spooled-noalarm-jobs-create: 0 alarms for errors"]
