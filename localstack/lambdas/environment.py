"""One execution environment: a process, the end of the Runtime API it speaks to, and its secrets."""

import asyncio
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localstack.cloud.deployed import DeployedFunction
from localstack.lambdas import faults
from localstack.lambdas.faults import EnvironmentFaultError
from localstack.lambdas.http import Reply, Request, serve_on_loopback
from localstack.lambdas.journal import Journal
from localstack.lambdas.limits import Limits
from localstack.lambdas.model import Invocation
from localstack.lambdas.output import LogSink, Output
from localstack.lambdas.process import FunctionProcess
from localstack.lambdas.runtime_api import Event, RuntimeApi
from localstack.lambdas.secrets_extension import PATH as SECRETS_PATH
from localstack.lambdas.secrets_extension import ReadSecret, SecretsExtension
from localstack.lambdas.variables import variables


@dataclass(frozen=True, slots=True)
class Platform:
    """What all environments share."""

    limits: Limits
    client: Path
    secrets: ReadSecret
    logs: LogSink


class Environment:
    """Runs one invocation at a time, until a fault; then it has to be closed."""

    def __init__(self, function: DeployedFunction, platform: Platform) -> None:
        self.function = function
        self.journal = Journal(function, platform.logs)
        self._platform = platform
        self._fault: asyncio.Future[EnvironmentFaultError] = asyncio.get_running_loop().create_future()
        self._api = RuntimeApi(self._fail)
        self._secrets = SecretsExtension(function, platform.secrets)
        self._server: asyncio.Server
        self._process: FunctionProcess

    @property
    def usable(self) -> bool:
        return not self._fault.done()

    async def start(self) -> None:
        """Start the process; `initialise` waits until it has loaded the function."""
        self._server, port = await serve_on_loopback(self._answer)
        function = self.function
        given = variables(
            function,
            client=self._platform.client,
            port=port,
            token=self._secrets.token,
            log_stream=f"{time.strftime('%Y/%m/%d', time.gmtime())}/[$LATEST]{uuid.uuid4().hex}",
        )
        output = Output(self._platform.logs, function.log_group)
        try:
            self._process = await FunctionProcess.start(
                function.handler, folder=function.code, variables=given, output=output
            )
        except BaseException:
            self._server.close()
            output.close()
            raise
        self._process.exited.add_done_callback(lambda exited: self._fail(faults.exited(exited.result())))

    async def initialise(self, seconds: float) -> None:
        """Raises the fault that keeps the function from being loaded."""
        await self._until_waiting(seconds)

    async def handle(self, event: Event, seconds: float) -> Invocation:
        """The function's answer to the event; raises the fault that kept it from answering in time."""
        self._secrets.ready = True
        self.thaw()
        self._api.deliver(event)
        try:
            await self._until_waiting(seconds)
        except EnvironmentFaultError as fault:
            answered = self._api.answered
            if answered is None or fault.kind == faults.OUT_OF_MEMORY:
                raise
            return answered
        assert self._api.answered is not None
        return self._api.answered

    def freeze(self) -> None:
        if self._platform.limits.freeze:
            self._process.freeze()

    def thaw(self) -> None:
        if self._platform.limits.freeze:
            self._process.thaw()

    def kill(self) -> None:
        self._process.kill()

    def memory_mb(self) -> int | None:
        return self._process.peak_memory_mb()

    def drain_output(self) -> None:
        self._process.drain_output()

    async def close(self) -> None:
        self._server.close()
        await self._process.end(self._platform.limits.grace_seconds)

    async def _answer(self, request: Request) -> Reply:
        if request.target.startswith(SECRETS_PATH):
            return await self._secrets.answer(request)
        return await self._api.answer(request)

    async def _until_waiting(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not self._api.waiting.done():
            left = end - time.monotonic()
            if left <= 0:
                self._fail(faults.timed_out(self.function.timeout_seconds))
            self._check_memory()
            if self._fault.done():
                raise self._fault.result()
            either: list[asyncio.Future[Any]] = [self._api.waiting, self._fault]
            await asyncio.wait(
                either,
                timeout=min(left, self._platform.limits.memory_check_seconds),
                return_when=asyncio.FIRST_COMPLETED,
            )
        self._check_memory()
        if self._fault.done():
            raise self._fault.result()

    def _check_memory(self) -> None:
        memory = self._process.peak_memory_mb()
        if memory is not None and memory > self.function.memory_mb:
            self._fail(faults.out_of_memory())

    def _fail(self, fault: EnvironmentFaultError) -> None:
        if not self._fault.done():
            self._fault.set_result(fault)
