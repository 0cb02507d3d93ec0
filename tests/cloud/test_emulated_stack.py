"""The real program, created in an emulated cloud and read back from there."""

import base64
from pathlib import Path
from typing import NamedTuple

import pytest

from infra.archives import Archives
from infra.declared import FUNCTIONS, read_functions
from localstack.cloud.deploy import Stack
from localstack.cloud.deployed import Deployed
from localstack.cloud.endpoint import Endpoint
from localstack.cloud.read_back import read_back
from shared.edge.cors import ALLOW_HEADERS, ALLOW_METHODS, EXPOSE_HEADERS, MAX_AGE_SECONDS
from tests.support.emulated import deploy_program, lacking

PREFIX = "spooled-whole"


class Whole(NamedTuple):
    """The whole stack, as declared and as it stands."""

    stack: Stack
    deployed: Deployed


@pytest.fixture(scope="module")
async def whole(cloud: Endpoint, archives: Archives, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    stack = await deploy_program(cloud, archives, stack="whole")
    return Whole(stack, read_back(cloud, PREFIX, tmp_path_factory.mktemp("code")))


def test_every_function_file_has_one_of_everything(cloud: Endpoint, whole: Whole) -> None:
    """One Lambda, one route or schedule, one role, one log group with retention, one errors alarm."""
    assert lacking(cloud, whole.deployed, PREFIX, FUNCTIONS) == []


def test_routes_are_those_of_the_files(whole: Whole) -> None:
    """The gateway's route keys are what the function files declare, each to its own function."""
    declared = {found.route_key: f"{PREFIX}-{found.name}" for found in read_functions() if found.route_key}

    assert {route.key: route.function for route in whole.deployed.routes} == declared
    assert {route.timeout_seconds for route in whole.deployed.routes} == {30}


def test_schedules_are_those_of_the_files(whole: Whole) -> None:
    """Each timer starts its own function, as often as its file says."""
    declared = {
        f"{PREFIX}-{found.name}": f"rate({found.every_seconds // 60} minutes)"
        for found in read_functions()
        if found.kind == "tick"
    }

    assert {found.function: found.expression for found in whole.deployed.schedules} == declared


def test_browsers_are_told_what_the_service_tells_them(whole: Whole) -> None:
    """The gateway answers preflights with the constants of the service."""
    cors = whole.deployed.cors

    assert cors is not None
    assert cors.allow_origins == ("*",)
    assert (cors.allow_methods, cors.allow_headers) == (tuple(ALLOW_METHODS), tuple(ALLOW_HEADERS))
    assert (cors.expose_headers, cors.max_age_seconds) == (tuple(EXPOSE_HEADERS), MAX_AGE_SECONDS)


def test_functions_run_the_declared_archives(cloud: Endpoint, whole: Whole, archives: Archives) -> None:
    """The hash that Lambda tells is the archive's, and its files lie unpacked once, read-only."""
    functions = whole.deployed.functions.values()
    configuration = cloud.client("lambda").get_function_configuration(FunctionName=f"{PREFIX}-jobs-create")
    (code,), (layers,) = {found.code for found in functions}, {found.layers for found in functions}
    unpacked = code / "functions" / "code.py"

    assert base64.b64decode(configuration["CodeSha256"]).hex() == archives.code.sha256
    assert unpacked.read_text() == "NAME = 'functions/code.py'\n"
    assert [(layer / "python" / "package.py").is_file() for layer in layers] == [True]
    assert unpacked.stat().st_mode & 0o222 == 0
    assert {found.runtime for found in functions} == {archives.runtime}


def test_functions_have_the_declared_environment(whole: Whole) -> None:
    """Settings by their own names, and where the secrets are, which begin with the database's."""
    environment = whole.deployed.functions[f"{PREFIX}-jobs-create"].environment
    secrets = environment["SETTINGS_SECRETS"].split(",")

    assert environment["SPOOLED_ENV"] == "development"
    assert [secret.split(":secret:")[1].rpartition("-")[0] for secret in secrets] == [
        f"{PREFIX}/database",
        f"{PREFIX}/server",
    ]
    assert whole.deployed.functions[f"{PREFIX}-jobs-create"].handler == "functions.jobs.create.handler"


def test_migration_runs_before_the_first_route(whole: Whole) -> None:
    """The step is invoked when its function is there, and no function of a route is before it."""
    made = [(found.type, found.name) for found in whole.stack.resources]
    step = made.index(("aws:lambda/invocation:Invocation", "deploy-migrate"))
    functions = [place for place, (kind, _) in enumerate(made) if kind == "aws:lambda/function:Function"]

    assert [made[place][1] for place in functions if place < step] == ["deploy-migrate"]


def test_outputs_are_known(whole: Whole) -> None:
    """The address of the API comes from the cloud."""
    assert str(whole.stack.outputs["api_url"]).startswith("https://")
    assert Path(str(whole.stack.outputs["api_url"])).name.endswith(".amazonaws.com")
