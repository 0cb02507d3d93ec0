"""Put a program's stack into a cloud, without an engine: each resource is created at an endpoint."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from localstack.cloud.create.mocks import CloudMocks, Resource
from localstack.cloud.endpoint import Endpoint
from localstack.cloud.errors import DeployError
from localstack.cloud.runtime import run_under_mocks
from localstack.lambdas.model import Invocation, Invoke

_NAMED = 5


@dataclass(frozen=True, slots=True)
class Stack:
    """What a deployment gave: the stack's outputs, and each resource that it created."""

    outputs: Mapping[str, Any]
    resources: tuple[Resource, ...]


async def deploy(program: Callable[[], None], cloud: Endpoint, *, stack: str, invoke: Invoke) -> Stack:
    """Run `program` and wait for every resource and output, with this loop free for `invoke`.

    Raises DeployError that names what was refused, or what the program itself raised.
    """
    loop = asyncio.get_running_loop()

    async def invoked(name: str, payload: str) -> Invocation:
        return await invoke(name, payload.encode())

    def invoke_now(name: str, payload: str) -> str:
        outcome = asyncio.run_coroutine_threadsafe(invoked(name, payload), loop).result()
        answer = outcome.payload.decode()
        if outcome.failed:
            raise DeployError(f"the function {name} failed: {answer}")
        return answer

    return await asyncio.to_thread(_deploy, program, CloudMocks(cloud, invoke_now), stack)


def _deploy(program: Callable[[], None], mocks: CloudMocks, stack: str) -> Stack:
    try:
        outputs = run_under_mocks(mocks, program, stack)
    except Exception as error:
        if not mocks.refused:
            raise  # the program's own
        # Pulumi raises one of them, wrapped by everything that waited for it.
        more = len(mocks.refused) - _NAMED
        told = mocks.refused[:_NAMED] + ([f"and {more} more"] if more > 0 else [])
        raise DeployError("\n".join(told)) from error
    return Stack(outputs, tuple(mocks.made))
