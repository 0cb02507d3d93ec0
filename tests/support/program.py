"""The Pulumi program under mocks: what it declares, without an engine and without a cloud."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime.mocks import MockCallArgs, MockResourceArgs

from infra.archives import Archive, Archives
from infra.config import Config
from infra.declared import FUNCTIONS
from infra.program import declare
from localstack.cloud import runtime

ACCOUNT, REGION = "123456789012", "eu-central-1"
PASSWORD = "a-password-of-the-tests"
LOCAL = {
    "environment": "development",
    "databaseUrl": "postgresql://spooled:secret@127.0.0.1:5432/spooled",
    "redisUrl": "redis://127.0.0.1:6379/0",
}
PROD = {
    "secretKey": PASSWORD,
    "metricsToken": PASSWORD,
    "adminApiKey": PASSWORD,
    "databasePassword": PASSWORD,
    "databaseOwnerPassword": PASSWORD,
    "network": "{}",
    "database": "{}",
    "cache": "{}",
    "secretsExtensionLayer": f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:"
    "AWS-Parameters-and-Secrets-Lambda-Extension-Arm64:12",
}
STREAMS = json.dumps(
    {
        "host": "stream.example.com",
        "image": "registry.example/spooled:1.0.0",
        "certificateArn": f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/1",
    }
)
ARCHIVES = Archives(
    "python3.13",
    Archive(Path("functions.zip"), "ab" * 32),
    {
        "arm64": Archive(Path("dependencies-arm64.zip"), "cd" * 32),
        "x86_64": Archive(Path("dependencies-x86_64.zip"), "ef" * 32),
    },
)


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource as the engine would be asked for it."""

    type: str
    name: str
    inputs: dict[str, Any]
    custom: bool


@dataclass(frozen=True)
class Program:
    """All that was declared."""

    resources: list[Resource]
    outputs: dict[str, Any]

    def of(self, *types: str) -> list[Resource]:
        """Of types such as `lambda/function:Function`."""
        return [found for type_ in types for found in self._by_type.get(type_, [])]

    def by_name(self, type_: str) -> dict[str, dict[str, Any]]:
        return {found.name: found.inputs for found in self.of(type_)}

    @cached_property
    def _by_type(self) -> dict[str, list[Resource]]:
        by_type: dict[str, list[Resource]] = defaultdict(list)
        for found in self.resources:
            by_type[found.type.removeprefix("aws:")].append(found)
        return dict(by_type)

    def policies(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Every statement of every policy document, with the resource that it is in."""
        for found in self.resources:
            for name, value in found.inputs.items():
                if name.lower().endswith("policy") and isinstance(value, str) and value.startswith("{"):
                    for statement in json.loads(value)["Statement"]:
                        yield f"{found.type} {found.name}.{name}", statement


class _Recorder(pulumi.runtime.Mocks):
    def __init__(self) -> None:
        self.resources: list[Resource] = []

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        inputs = runtime.plain(args.inputs)
        self.resources.append(Resource(args.typ, args.name, inputs, bool(args.custom)))
        kind = args.typ.rpartition(":")[2]
        known = {
            "arn": f"arn:aws:mock:{REGION}:{ACCOUNT}:{kind}/{args.inputs.get('name', args.name)}",
            "name": args.name,
        }
        if kind == "Function":
            known["invokeArn"] = f"{known['arn']}/invocations"
        return f"{args.name}-id", {**known, **_OUTPUTS.get(kind, {}), **args.inputs}

    def call(self, args: MockCallArgs) -> dict[str, Any]:
        return _CALLS[args.token.rpartition(":")[2]]


_OUTPUTS: dict[str, dict[str, Any]] = {
    "Api": {"apiEndpoint": "https://api.example", "executionArn": "arn:aws:execute-api:api"},
    "ServerlessCache": {"endpoints": [{"address": "cache.example", "port": 6379}]},
    "Proxy": {"endpoint": "proxy.example"},
    "LoadBalancer": {"dnsName": "balancer.example"},
}
_CALLS: dict[str, dict[str, Any]] = {
    "getCallerIdentity": {"accountId": ACCOUNT},
    "getRegion": {"region": REGION},
    "getAvailabilityZones": {"names": [f"{REGION}{letter}" for letter in "abc"]},
}


def run_program(
    values: dict[str, str], *, stack: str = "test", functions: Path = FUNCTIONS, archives: Archives = ARCHIVES
) -> Program:
    """Run the program of this configuration."""
    config = Config.read(stack, values)
    return run_under_mocks(stack, lambda: declare(config, archives, functions))


def run_under_mocks(stack: str, program: Callable[[], None]) -> Program:
    """In a thread of its own, since the tests' has a loop."""
    recorder = _Recorder()
    with ThreadPoolExecutor(1) as thread:
        outputs = thread.submit(runtime.run_under_mocks, recorder, program, stack).result()
    return Program(recorder.resources, dict(outputs))
