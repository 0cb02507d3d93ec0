"""The Lambda service of one machine: which environment takes which invocation."""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self, TypeVar

from localstack.cloud.deployed import DeployedFunction
from localstack.lambdas.environment import Environment, Platform
from localstack.lambdas.invoking import Run
from localstack.lambdas.limits import REQUEST_BYTES, Limits
from localstack.lambdas.model import (
    Invocation,
    RequestTooLargeError,
    ResourceNotFoundError,
    TooManyRequestsError,
)
from localstack.lambdas.output import LogSink
from localstack.lambdas.runtime_client import link_runtime_client
from localstack.lambdas.secrets_extension import ReadSecret

T = TypeVar("T")


class Lambdas:
    """Invokes functions while it is open; nothing of them runs when it is closed."""

    def __init__(
        self,
        functions: Mapping[str, DeployedFunction],
        *,
        secrets: ReadSecret,
        logs: LogSink,
        limits: Limits | None = None,
    ) -> None:
        self._functions = functions
        self._secrets = secrets
        self._logs = logs
        self._limits = limits or Limits()
        self._busy: Counter[str] = Counter()
        self._idle: dict[Environment, asyncio.TimerHandle] = {}
        """In the order in which they became idle."""
        self._runs: set[asyncio.Task[Any]] = set()
        self._endings: set[asyncio.Task[Any]] = set()
        self._opened = AsyncExitStack()
        self._platform: Platform

    async def __aenter__(self) -> Self:
        folder = self._opened.enter_context(TemporaryDirectory(prefix="lambda-runtime-"))
        client = link_runtime_client(Path(folder))
        self._platform = Platform(self._limits, client, self._secrets, self._logs)
        return self

    async def __aexit__(self, *_: object) -> None:
        runs = list(self._runs)
        for run in runs:
            run.cancel()
        await asyncio.gather(*runs, return_exceptions=True)
        for environment in list(self._idle):
            self._retire(environment)
        await asyncio.gather(*self._endings, return_exceptions=True)
        await self._opened.aclose()

    async def invoke(self, name: str, payload: bytes) -> Invocation:
        """Run the function to its end, also when the caller goes away meanwhile, as Lambda does."""
        function = self._functions.get(name)
        if function is None:
            raise ResourceNotFoundError(f"Function not found: {name}")
        if len(payload) > REQUEST_BYTES:
            raise RequestTooLargeError(
                f"{len(payload)} byte payload is too large for the RequestResponse invocation type "
                f"(limit {REQUEST_BYTES} bytes)"
            )
        if function.reserved_concurrency is not None and self._busy[name] >= function.reserved_concurrency:
            raise TooManyRequestsError(
                f"{name} has all of its {function.reserved_concurrency} reserved environments at work"
            )
        environment = self._take(name)
        self._busy[name] += 1
        return await asyncio.shield(_among(self._runs, self._run(function, environment, payload)))

    async def _run(
        self, function: DeployedFunction, environment: Environment | None, payload: bytes
    ) -> Invocation:
        run = Run(function, self._platform, environment)
        try:
            return await run.invoke(payload)
        finally:
            self._busy[function.name] -= 1
            if run.environment is not None:
                self._put_back(run.environment)

    def _take(self, name: str) -> Environment | None:
        """The most recently used environment of the function; None when a new one may be started."""
        for environment in reversed(self._idle):
            if environment.function.name == name and environment.usable:
                self._idle.pop(environment).cancel()
                return environment
        if self._busy.total() + len(self._idle) >= self._limits.environments:
            if not self._idle:
                raise TooManyRequestsError(
                    f"All {self._limits.environments} environments of this machine are at work"
                )
            self._retire(next(iter(self._idle)))
        return None

    def _put_back(self, environment: Environment) -> None:
        if not environment.usable:
            _among(self._endings, environment.close())
            return
        environment.freeze()
        loop = asyncio.get_running_loop()
        self._idle[environment] = loop.call_later(self._limits.idle_seconds, self._retire, environment)

    def _retire(self, environment: Environment) -> None:
        self._idle.pop(environment).cancel()
        _among(self._endings, environment.close())


def _among(tasks: set[asyncio.Task[Any]], work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """Start the work, and keep hold of it until it is done."""
    task = asyncio.create_task(work)
    tasks.add(task)
    task.add_done_callback(tasks.discard)
    return task
