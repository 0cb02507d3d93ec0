"""What stands in a cloud, read back from it: all that emulator, gateway and timers know of the stack."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class DeployedFunction:
    """A Lambda function as the cloud has it, its code and layers unpacked to folders of this machine."""

    name: str
    arn: str
    handler: str
    runtime: str
    code: Path
    layers: tuple[Path, ...]
    environment: Mapping[str, str]
    memory_mb: int
    timeout_seconds: int
    reserved_concurrency: int | None
    role_arn: str
    log_group: str


@dataclass(frozen=True, slots=True)
class DeployedRoute:
    """A route of the HTTP API; `key` is `METHOD /path/{parameter}` or `$default`."""

    key: str
    function: str
    timeout_seconds: float
    refused: str = ""
    """Why the gateway cannot invoke the function, and answers 500; empty when it can."""


@dataclass(frozen=True, slots=True)
class DeployedCors:
    """What the HTTP API answers to browsers by itself."""

    allow_origins: tuple[str, ...]
    allow_methods: tuple[str, ...]
    allow_headers: tuple[str, ...]
    expose_headers: tuple[str, ...]
    max_age_seconds: int


@dataclass(frozen=True, slots=True)
class DeployedSchedule:
    """A schedule of EventBridge Scheduler: `rate(1 minutes)`, the function it starts and with what."""

    name: str
    expression: str
    function: str
    payload: str
    refused: str = ""
    """Why the scheduler cannot start the function; empty when it can."""


@dataclass(frozen=True, slots=True)
class Deployed:
    """The whole stack."""

    functions: Mapping[str, DeployedFunction]
    routes: tuple[DeployedRoute, ...]
    cors: DeployedCors | None
    schedules: tuple[DeployedSchedule, ...]

    @property
    def faults(self) -> list[str]:
        """What cannot work as it stands in the cloud, in words; a stack is to have none."""
        return [
            *(f"route {route.key}: {route.refused}" for route in self.routes if route.refused),
            *(
                f"schedule {schedule.name}: {schedule.refused}"
                for schedule in self.schedules
                if schedule.refused
            ),
        ]
