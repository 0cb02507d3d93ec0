"""The functions of this repository behind their own Lambda handlers, in a thread instead of a cloud."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

import pytest

from functions.app import every_function
from functions.edge.default import endpoints as default_endpoints
from localstack.cloud.deployed import Deployed, DeployedCors, DeployedRoute
from localstack.lambdas.model import Invocation, Invoke
from shared.edge import cors
from shared.edge.serverless import lambda_handler
from shared.settings import Settings

DEFAULT_FUNCTION = "edge_default"
CORS = DeployedCors(
    allow_origins=("*",),
    allow_methods=cors.ALLOW_METHODS,
    allow_headers=cors.ALLOW_HEADERS,
    expose_headers=cors.EXPOSE_HEADERS,
    max_age_seconds=cors.MAX_AGE_SECONDS,
)


def deployed_here() -> Deployed:
    """A route per function file, and `$default`, as the cloud has them."""
    routes = [
        DeployedRoute(f"{endpoint.method} {endpoint.path}", endpoint.operation_id, 30.0)
        for endpoint in every_function()[0]
    ]
    routes.append(DeployedRoute("$default", DEFAULT_FUNCTION, 30.0))
    return Deployed(functions={}, routes=tuple(routes), cors=CORS, schedules=())


@asynccontextmanager
async def functions_in_process(settings: Settings) -> AsyncIterator[Invoke]:
    """Invoke each function through the handler that Lambda would call, with these settings around it."""
    handlers: Mapping[str, Any] = {
        endpoint.operation_id: lambda_handler(endpoint) for endpoint in every_function()[0]
    } | {DEFAULT_FUNCTION: lambda_handler(default_endpoints)}
    loop = asyncio.new_event_loop()

    def run(name: str, payload: bytes) -> bytes:
        return json.dumps(handlers[name](json.loads(payload), None)).encode()

    async def invoke(name: str, payload: bytes) -> Invocation:
        outcome = await asyncio.get_running_loop().run_in_executor(thread, run, name, payload)
        return Invocation(outcome)

    def close() -> None:
        for handler in handlers.values():
            if handler._handler is not None and (core := handler._handler.app._core) is not None:
                loop.run_until_complete(core.close())
        loop.close()

    with pytest.MonkeyPatch.context() as environment:
        for name, value in settings.model_dump(exclude_defaults=True).items():
            environment.setenv(name.upper(), str(value))
        with ThreadPoolExecutor(1, initializer=asyncio.set_event_loop, initargs=(loop,)) as thread:
            try:
                yield invoke
            finally:
                thread.submit(close).result()
