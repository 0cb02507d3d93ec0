"""The Pulumi program under mocks: what it declares, without an engine and without a cloud."""

import asyncio
import contextvars
import json
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime import rpc
from pulumi.runtime.mocks import MockCallArgs, MockEngine, MockMonitor, MockResourceArgs
from pulumi.runtime.settings import Settings, configure
from pulumi.runtime.stack import run_in_stack

from infra.archives import Archive, Archives
from infra.config import Config
from infra.declared import FUNCTIONS
from infra.program import declare

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


@dataclass(slots=True)
class Program:
    """All that was declared."""

    resources: list[Resource] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)

    def of(self, *types: str) -> list[Resource]:
        """Of types such as `lambda/function:Function`."""
        return [found for found in self.resources if found.type.removeprefix("aws:") in types]

    def by_name(self, type_: str) -> dict[str, dict[str, Any]]:
        return {found.name: found.inputs for found in self.of(type_)}

    def policies(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Every statement of every policy document, with the resource that it is in."""
        for found in self.resources:
            for name, value in found.inputs.items():
                if name.lower().endswith("policy") and isinstance(value, str) and value.startswith("{"):
                    for statement in json.loads(value)["Statement"]:
                        yield f"{found.type} {found.name}.{name}", statement


class _Recorder(pulumi.runtime.Mocks):
    def __init__(self) -> None:
        self.program = Program()

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        inputs = _plain(args.inputs)
        self.program.resources.append(Resource(args.typ, args.name, inputs, bool(args.custom)))
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


def _plain(value: Any) -> Any:
    """Without the wrapping that marks a secret."""
    if isinstance(value, dict):
        if rpc._special_sig_key in value:
            return _plain(value.get("value"))
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


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


class _Monitor(MockMonitor):
    """Keeps the outputs of the stack, which Pulumi's own forgets."""

    def __init__(self, recorder: _Recorder) -> None:
        super().__init__(recorder)
        self._program = recorder.program

    def RegisterResourceOutputs(self, request: Any) -> Empty:  # noqa: N802 - the name of the remote call
        if "::pulumi:pulumi:Stack::" in request.urn:
            self._program.outputs = rpc.deserialize_properties(request.outputs)
        return Empty()


def run_program(
    values: dict[str, str], *, stack: str = "test", functions: Path = FUNCTIONS, archives: Archives = ARCHIVES
) -> Program:
    """Run the program of this configuration."""
    config = Config.read(stack, values)
    return run_under_mocks(stack, lambda: declare(config, archives, functions))


def run_under_mocks(stack: str, program: Callable[[], None]) -> Program:
    """In a thread and a context of its own: Pulumi keeps what it knows of a run in context variables."""
    with ThreadPoolExecutor(1) as thread:
        run = contextvars.Context().run
        return thread.submit(run, _run, stack, program).result()


def _run(stack: str, program: Callable[[], None]) -> Program:
    recorder = _Recorder()
    configure(
        Settings(
            project="spooled",
            stack=stack,
            monitor=_Monitor(recorder),
            engine=MockEngine(logging.getLogger("spooled.program")),
            dry_run=False,
            legacy_apply_enabled=False,
            organization="organization",
        )
    )
    asyncio.run(_to_the_end(program))
    return recorder.program


async def _to_the_end(program: Callable[[], None]) -> None:
    loops: list[asyncio.AbstractEventLoop] = []

    def give_loop() -> None:
        # The mock monitor answers in threads, needs a loop in each, and would close none.
        loops.append(asyncio.new_event_loop())
        asyncio.set_event_loop(loops[-1])

    with ThreadPoolExecutor(4, initializer=give_loop) as threads:
        asyncio.get_running_loop().set_default_executor(threads)
        try:
            await run_in_stack(program)
        finally:
            threads.shutdown()
            for loop in loops:
                loop.close()
