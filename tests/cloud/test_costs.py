"""The tables of costs are computed, from what is deployed and from prices with a date."""

import json

import pytest
import yaml

from infra import costs, prices
from infra.api import ACCESS_LOG
from infra.costs import PAGE, Shape, idle_month, million_jobs, total, waiting_worker, with_tables
from infra.declared import read_functions
from shared.settings import Settings
from tests.support.composed import ROOT
from tests.support.program import PROD, Program, run_program


@pytest.fixture(scope="module")
def program() -> Program:
    """The stack as Pulumi.prod.yaml has it."""
    file = yaml.safe_load((ROOT / "infra" / "Pulumi.prod.yaml").read_text(encoding="utf-8"))["config"]
    values = {
        name.removeprefix("spooled:"): value if isinstance(value, str) else json.dumps(value)
        for name, value in file.items()
        if name.startswith("spooled:")
    }
    return run_program(PROD | values)


def test_page_has_the_tables_as_they_are_now() -> None:
    """Whoever changes a price or what is deployed writes the page again, with one command."""
    page = PAGE.read_text(encoding="utf-8")

    assert page == with_tables(page), "run `make docs` (python -m infra.costs)"


def test_page_says_of_when_and_where_the_prices_are() -> None:
    """A reader sees how old the figures are, and that they are to be checked."""
    page = PAGE.read_text(encoding="utf-8")

    assert f"prices of {prices.REGION} in US dollars, as known in {prices.AS_OF}" in page
    assert "check them" in page
    assert f"{costs.WRITES} reads and writes" in page
    assert f"{costs.REQUEST_SECONDS * 1000:g} ms of a function" in page
    assert f"{costs.JOBS_PER_UNIT_SECOND} jobs a second" in page
    assert f"{Settings.model_fields['max_body_bytes'].default:,} bytes (`MAX_BODY_BYTES`)" in page


def test_a_request_logs_what_is_priced() -> None:
    """The gateway's line of a request, with the 26 bytes that CloudWatch adds, is what the tables ask for."""
    longest = {
        "$context.requestId": "JKJaXmPLvHcESHA=",
        "$context.requestTimeEpoch": "1764400000000",
        "$context.routeKey": max((route.route_key or "" for route in read_functions()), key=len),
        "$context.status": "200",
        "$context.identity.sourceIp": "203.0.113.255",
        "$context.responseLength": "6000000",
        "$context.responseLatency": "29000",
        "$context.integrationErrorMessage": "-",
    }
    line = json.dumps({name: longest[value] for name, value in ACCESS_LOG.items()}, separators=(",", ":"))

    assert len(line) + 26 <= costs.LOGGED_KILOBYTES * 1000 < 2 * len(line)


def test_what_is_counted_is_what_is_declared(program: Program) -> None:
    """The things that cost by the month are as many as the program declares for production."""
    shape = Shape.shipped()
    by_type = {
        "cloudwatch/metricAlarm:MetricAlarm": shape.alarms,
        "secretsmanager/secret:Secret": costs.SECRETS,
        "kms/key:Key": 1,
        "rds/clusterInstance:ClusterInstance": shape.instances,
        "rds/proxy:Proxy": 1,
        "ec2/natGateway:NatGateway": shape.ways_out,
        "ec2/eip:Eip": shape.ways_out,
        "ec2/vpcEndpoint:VpcEndpoint": 1,
        "elasticache/serverlessCache:ServerlessCache": 1,
        "scheduler/schedule:Schedule": len(shape.timers),
        "lb/loadBalancer:LoadBalancer": 0,
    }
    (endpoint,) = program.of("ec2/vpcEndpoint:VpcEndpoint")

    assert {type_: len(program.of(type_)) for type_ in by_type} == by_type
    assert len(endpoint.inputs["subnetIds"]) == shape.network.zones
    memory = {found.inputs["memorySize"] for found in program.of("lambda/function:Function")}
    assert memory == {shape.memory_mb, shape.tick_memory_mb}


def test_arithmetic_is_that_of_a_person() -> None:
    """Sums taken by hand, from the prices, agree with the tables."""
    shape = Shape.shipped()
    million = {line.what: line.dollars for line in million_jobs(shape)}
    idle = {line.what: line.dollars for line in idle_month(shape)}

    assert idle["Aurora at its least"] == pytest.approx(2 * 1 * 730 * 0.12)
    assert idle["RDS Proxy"] == pytest.approx(2 * 8 * 730 * 0.015)
    assert million["HTTP API"] == pytest.approx(3.00)
    assert million["Lambda, time"] == pytest.approx(3e6 * 0.020 * 0.5 * 0.0000133334)
    assert total(waiting_worker(shape)) == pytest.approx(730 * 3600 * 0.5 * 0.0000133334 + 131_400 * 1.2e-6)
    assert total(idle_month(Shape.smallest())) < total(idle_month(shape))
    assert total(idle_month(shape)) / total(million_jobs(shape)) == pytest.approx(50, rel=0.25)
    assert "Up to some fifty million jobs" in PAGE.read_text(encoding="utf-8")
