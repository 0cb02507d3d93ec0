"""One invocation from its start to its report, with a cold start before it if need be."""

import secrets
import time
import uuid

from localstack.cloud.deployed import DeployedFunction
from localstack.lambdas import faults
from localstack.lambdas.environment import Environment, Platform
from localstack.lambdas.faults import EnvironmentFaultError
from localstack.lambdas.model import Invocation
from localstack.lambdas.runtime_api import Event


class Run:
    """Starts the environment if it is given none; who made the run has to take care of it afterwards."""

    def __init__(
        self, function: DeployedFunction, platform: Platform, environment: Environment | None
    ) -> None:
        self.environment = environment
        self._function = function
        self._platform = platform
        self._init_seconds: float | None = None
        self._seconds_left = float(function.timeout_seconds)

    async def invoke(self, payload: bytes) -> Invocation:
        request_id = str(uuid.uuid4())
        started = time.monotonic()
        fault = None
        try:
            environment = self.environment or await self._cold_start()
            started = time.monotonic()
            environment.journal.started(request_id)
            outcome = await environment.handle(self._event(request_id, payload), self._seconds_left)
        except EnvironmentFaultError as error:
            fault = error
            outcome = fault.outcome(request_id)
        self._report(request_id, time.monotonic() - started, fault)
        return outcome

    async def _cold_start(self) -> Environment:
        """As Lambda: what does not load within the time for it gets the function's own time, once."""
        began = time.monotonic()
        try:
            environment = await self._load(self._platform.limits.init_seconds)
        except EnvironmentFaultError as fault:
            if fault.kind != faults.TIMED_OUT:
                raise
            await self._throw_away()
            again = time.monotonic()
            environment = await self._load(self._seconds_left)
            self._seconds_left -= time.monotonic() - again
        self._init_seconds = time.monotonic() - began
        return environment

    async def _load(self, seconds: float) -> Environment:
        environment = Environment(self._function, self._platform)
        environment.journal.init_started()
        await environment.start()
        self.environment = environment
        began = time.monotonic()
        fault = None
        try:
            await environment.initialise(seconds)
        except EnvironmentFaultError as error:
            fault = error
            raise
        finally:
            environment.drain_output()
            environment.journal.init_ended(time.monotonic() - began, fault)
        return environment

    async def _throw_away(self) -> None:
        assert self.environment is not None
        environment, self.environment = self.environment, None
        environment.kill()
        await environment.close()

    def _event(self, request_id: str, payload: bytes) -> Event:
        now = time.time()
        return Event(
            request_id,
            payload,
            deadline_ms=int((now + self._seconds_left) * 1000),
            trace_id=f"Root=1-{int(now):08x}-{secrets.token_hex(12)};Parent={secrets.token_hex(8)};Sampled=0",
            function_arn=self._function.arn,
        )

    def _report(self, request_id: str, seconds: float, fault: EnvironmentFaultError | None) -> None:
        assert self.environment is not None
        self.environment.drain_output()
        self.environment.journal.ended(
            request_id,
            seconds=seconds,
            init_seconds=self._init_seconds,
            memory_mb=self.environment.memory_mb(),
            fault=fault,
        )
