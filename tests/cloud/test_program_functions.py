"""Every function file has its place in the cloud, once."""

import re
from pathlib import Path
from typing import Any

import pytest

from infra.concurrency import at_most, reserve
from infra.config import Config
from infra.declared import Declared, read_functions
from infra.errors import ConfigError
from tests.support.program import LOCAL, PROD, Program

DECLARED = read_functions()
every_function = pytest.mark.parametrize("declared", DECLARED, ids=lambda declared: declared.name)


@every_function
def test_function_has_one_of_everything(declared: Declared, local: Program) -> None:
    """A Lambda, a role, a policy, a log group with an end to it and an alarm, all by its own name."""
    name = f"spooled-test-{declared.name}"
    function = local.by_name("lambda/function:Function")[declared.name]
    role = local.by_name("iam/role:Role")[declared.name]
    log_group = local.by_name("cloudwatch/logGroup:LogGroup")[declared.name]
    alarm = local.by_name("cloudwatch/metricAlarm:MetricAlarm")[f"{declared.name}-errors"]

    assert function["name"] == role["name"] == name
    assert function["handler"] == declared.handler
    assert function["role"].endswith(f"/{name}")
    assert function["loggingConfig"]["logGroup"] == log_group["name"] == f"/aws/lambda/{name}"
    assert log_group["retentionInDays"] == 30
    assert (alarm["metricName"], alarm["dimensions"]) == ("Errors", {"FunctionName": name})
    assert declared.name in local.by_name("iam/rolePolicy:RolePolicy")


@every_function
def test_function_has_one_route_or_one_schedule(declared: Declared, local: Program) -> None:
    """What it declares, under which the gateway or the scheduler finds it, and no other."""
    routes = [found.inputs for found in local.of("apigatewayv2/route:Route") if found.name == declared.name]
    schedules = [
        found.inputs for found in local.of("scheduler/schedule:Schedule") if found.name == declared.name
    ]
    calls = [
        found.inputs for found in local.of("lambda/invocation:Invocation") if found.name == declared.name
    ]

    assert [route["routeKey"] for route in routes] == [declared.route_key] * bool(declared.route_key)
    assert [schedule["scheduleExpression"] for schedule in schedules] == [
        f"rate({declared.every_seconds // 60} minutes)"
    ] * (declared.kind == "tick")
    assert len(calls) == (declared.kind == "deploy")
    assert len(routes) + len(schedules) + len(calls) == 1


def test_nothing_runs_that_no_file_declares(local: Program) -> None:
    """As many functions, log groups and error alarms as there are files."""
    assert sorted(local.by_name("lambda/function:Function")) == sorted(found.name for found in DECLARED)
    assert len(local.of("cloudwatch/logGroup:LogGroup")) == len(DECLARED) + 1
    assert len(local.of("apigatewayv2/route:Route")) == sum(bool(found.route_key) for found in DECLARED)


def test_a_route_calls_the_function_of_its_file(local: Program) -> None:
    """Route, integration and permission of a name all lead to the Lambda of that name."""
    integrations = local.by_name("apigatewayv2/integration:Integration")
    permissions = local.by_name("lambda/permission:Permission")
    for name, route in local.by_name("apigatewayv2/route:Route").items():
        assert route["target"] == f"integrations/{name}-id"
        assert integrations[name]["payloadFormatVersion"] == "2.0"
        assert permissions[name]["function"] == f"spooled-test-{name}"
        place = re.sub(r"\{\w+\}", "*", route["routeKey"].replace(" ", ""))
        assert permissions[name]["sourceArn"].endswith(f"/*/{place}")


def test_names_fit(local: Program) -> None:
    """Functions and roles have 64 characters, with the longest name of a stack too."""
    longest = len("spooled-test-") + 12
    for found in local.of("lambda/function:Function", "iam/role:Role"):
        assert len(found.inputs["name"]) - len("spooled-test-") + longest <= 64


def test_a_function_ends_before_who_waits_for_it(local: Program) -> None:
    """The gateway waits 30 seconds; a timer of each minute has its minute and a reserve to end in."""
    for found in DECLARED:
        timeout = local.by_name("lambda/function:Function")[found.name]["timeout"]
        if found.route_key:
            assert timeout == 29
        if found.every_seconds == 60:
            assert timeout == 75


def test_a_function_has_the_secrets_of_what_it_uses(local: Program) -> None:
    """Mail and Stripe are given to those that declare them; all have the database and the server's key."""
    for found in DECLARED:
        variables: dict[str, Any] = local.by_name("lambda/function:Function")[found.name]["environment"]
        groups = {arn.rpartition("/")[2] for arn in variables["variables"]["SETTINGS_SECRETS"].split(",")}

        assert groups == {"database", "server"} | (found.uses & {"mail", "stripe"})


def test_reservations_leave_the_account_its_hundred() -> None:
    """All together stay below the quota; when they do not, the refusal says which figures to change."""
    config = Config.read("dev", LOCAL)
    assert sum(count or 0 for count in reserve(config, DECLARED).values()) <= 900

    with pytest.raises(ConfigError, match=r"reserve \d+ of the account's 1000"):
        reserve(Config.read("dev", LOCAL | {"concurrency": '{"hot": 200}'}), DECLARED)


def test_reservations_cannot_exhaust_the_database() -> None:
    """Each environment counts as a connection, whatever the proxy may share."""
    config = Config.read("prod", PROD)
    assert config.database is not None
    assert at_most(config, reserve(config, DECLARED)) <= config.database.connections
    alone = Config.read("prod", PROD | {"concurrency": '{"cold": 2, "hot": 20}'})
    assert at_most(alone, reserve(alone, DECLARED)) < 900

    with pytest.raises(ConfigError, match=r"raise database\.maxCapacity, or set"):
        reserve(Config.read("prod", PROD | {"database": '{"maxCapacity": 2}'}), DECLARED)


def test_the_page_that_explains_it_has_the_figures() -> None:
    """The figures in the decision are the defaults; how many functions there are changes none of them."""
    page = (Path(__file__).parents[2] / "docs/decisions/0073-infrastructure.md").read_text(encoding="utf-8")
    config = Config.read("prod", PROD)
    figures, reserved = config.concurrency, reserve(config, DECLARED)

    assert f"| may wait for a job (`claim`, `dequeue`) | {figures.waiting} |" in page
    assert f"| timers | {figures.tick} |" in page
    assert f"| the migration step | {reserved['deploy-migrate']} |" in page
    assert reserved["queues-list"] is None
    assert f"| **all together** | **{at_most(config, reserved):,}** |" in page


def test_a_function_that_is_gone_cannot_be_configured() -> None:
    """An override for no function is a slip; a class that names a file that was removed is too."""
    with pytest.raises(ConfigError, match="there is no function jobs-creat"):
        reserve(Config.read("dev", LOCAL | {"concurrency": '{"overrides": {"jobs-creat": 1}}'}), DECLARED)
    with pytest.raises(ConfigError, match="there is no function jobs-claim"):
        reserve(Config.read("dev", LOCAL), [found for found in DECLARED if found.name != "jobs-claim"])
