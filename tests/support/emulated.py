"""A stack in the emulated cloud, and what every function file must have there."""

import hashlib
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from infra.archives import Archive, Archives
from infra.config import Config
from infra.declared import FUNCTIONS, Declared, read_functions
from infra.program import declare
from localstack.cloud.deploy import Stack, deploy
from localstack.cloud.deployed import Deployed
from localstack.cloud.endpoint import Endpoint
from localstack.cloud.rights import Rights
from localstack.lambdas.model import Invocation
from tests.support.program import LOCAL

FEW = ("deploy/migrate.py", "edge/default.py", "jobs/create.py", "ticks/leases.py")
"""A function file of each kind."""


def few_functions(folder: Path, *more: str) -> Path:
    """A folder with one function file of each kind and those named, for a stack that is made in a moment."""
    for name in (*FEW, *more):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text((FUNCTIONS / name).read_text())
    return folder


def small_archives(folder: Path) -> Archives:
    """Archives with a file in each."""
    return Archives(
        "python3.13",
        _archive(folder / "functions.zip", "functions/code.py"),
        {"arm64": _archive(folder / "dependencies-arm64.zip", "python/package.py")},
    )


def _archive(path: Path, name: str) -> Archive:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, f"NAME = {name!r}\n")
    return Archive(path, hashlib.sha256(path.read_bytes()).hexdigest())


async def migrated(name: str, payload: bytes) -> Invocation:  # noqa: ARG001
    """An invocation that goes well."""
    return Invocation(b'{"migrated": true}')


async def deploy_program(
    cloud: Endpoint,
    archives: Archives,
    *,
    stack: str,
    functions: Path = FUNCTIONS,
    config: Mapping[str, str] = LOCAL,
) -> Stack:
    """The real program, as the stack `spooled-STACK`."""
    read = Config.read(stack, config)
    return await deploy(lambda: declare(read, archives, functions), cloud, stack=stack, invoke=migrated)


def lacking(cloud: Endpoint, deployed: Deployed, prefix: str, functions: Path) -> list[str]:
    """What the function files need and the emulated cloud does not have, or has twice."""
    declared = read_functions(functions)
    return [*deployed.faults, *_not_one(cloud, deployed, prefix, declared), *_unreadable(cloud, deployed)]


def _not_one(cloud: Endpoint, deployed: Deployed, prefix: str, declared: list[Declared]) -> Iterator[str]:
    started = [route.function for route in deployed.routes] + [found.function for found in deployed.schedules]
    roles = [function.role_arn for function in deployed.functions.values()]
    kept = {
        group["logGroupName"]
        for group in cloud.pages("logs", "describe_log_groups", "logGroups")
        if group.get("retentionInDays")
    }
    alarms = [
        (alarm["MetricName"], dimension["Value"])
        for alarm in cloud.pages("cloudwatch", "describe_alarms", "MetricAlarms")
        for dimension in alarm["Dimensions"]
        if dimension["Name"] == "FunctionName" and alarm["AlarmActions"]
    ]
    names = {f"{prefix}-{found.name}": found for found in declared}
    yield from (f"{name}: no file declares it" for name in deployed.functions.keys() - names.keys())
    for name, found in names.items():
        if name not in deployed.functions:
            yield f"{name}: no Lambda"
            continue
        function = deployed.functions[name]
        if started.count(name) != (found.kind != "deploy"):
            yield f"{name}: {started.count(name)} routes and schedules"
        if roles.count(function.role_arn) != 1:
            yield f"{name}: shares its role"
        if function.log_group not in kept:
            yield f"{name}: no log group with an end to it"
        if alarms.count(("Errors", name)) != 1:
            yield f"{name}: {alarms.count(('Errors', name))} alarms for errors"


def _unreadable(cloud: Endpoint, deployed: Deployed) -> Iterator[str]:
    rights = Rights(cloud)
    for function in deployed.functions.values():
        for secret in function.environment["SETTINGS_SECRETS"].split(","):
            if not rights.role_allows(function.role_arn, "secretsmanager:GetSecretValue", secret):
                yield f"{function.name}: may not read {secret}"
