"""Functions for the Lambda emulator, and what a test wants to know about them."""

import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from localstack.cloud.deployed import DeployedFunction
from localstack.lambdas.limits import Limits
from localstack.lambdas.output import LogFolder
from localstack.lambdas.pool import Lambdas
from localstack.lambdas.secrets_extension import AccessDeniedError

RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"
ECHO = "def handler(event, context):\n    return event\n"
PID = "import os\n\n\ndef handler(event, context):\n    return os.getpid()\n"


class Workshop:
    """Writes functions into a folder, and runs them with their logs beside them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.logs = LogFolder(folder / "logs")

    def function(
        self,
        code: str = ECHO,
        *,
        name: str = "probe",
        handler: str = "probe.handler",
        layers: tuple[Path, ...] = (),
        environment: Mapping[str, str] | None = None,
        memory_mb: int = 256,
        timeout_seconds: int = 10,
        reserved_concurrency: int | None = None,
    ) -> DeployedFunction:
        folder = self.folder / "code" / name
        folder.mkdir(parents=True)
        (folder / "probe.py").write_text(code, encoding="utf-8")
        return DeployedFunction(
            name=name,
            arn=f"arn:aws:lambda:eu-central-1:123456789012:function:{name}",
            handler=handler,
            runtime=RUNTIME,
            code=folder,
            layers=layers,
            environment=environment or {},
            memory_mb=memory_mb,
            timeout_seconds=timeout_seconds,
            reserved_concurrency=reserved_concurrency,
            role_arn=f"arn:aws:iam::123456789012:role/{name}",
            log_group=f"/aws/lambda/{name}",
        )

    @asynccontextmanager
    async def running(self, *functions: DeployedFunction, **limits: Any) -> AsyncIterator[Lambdas]:
        by_name = {function.name: function for function in functions}
        async with Lambdas(by_name, secrets=no_secrets, logs=self.logs, limits=Limits(**limits)) as lambdas:
            yield lambdas

    def log(self, function: DeployedFunction) -> list[str]:
        return self.logs.file(function.log_group).read_text(encoding="utf-8").splitlines()

    def platform(self, function: DeployedFunction, kind: str) -> list[dict[str, Any]]:
        """The records of this kind that the platform has written about the function."""
        lines = [json.loads(line) for line in self.log(function) if line.startswith('{"time"')]
        return [line["record"] for line in lines if line["type"] == f"platform.{kind}"]


async def call(lambdas: Lambdas, name: str = "probe", event: Any = None) -> Any:
    """The function's answer, which must be one."""
    outcome = await lambdas.invoke(name, json.dumps(event).encode())
    assert not outcome.failed, outcome.payload
    return json.loads(outcome.payload)


async def fault(lambdas: Lambdas, name: str = "probe", event: Any = None) -> dict[str, Any]:
    """Lambda's error, which must be one."""
    outcome = await lambdas.invoke(name, json.dumps(event).encode())
    assert outcome.failed, outcome.payload
    error: dict[str, Any] = json.loads(outcome.payload)
    return error


def lives(pid: int) -> bool:
    """Whether there is such a process, and it is not one that only waits to be buried."""
    try:
        return state(pid) != "Z"
    except OSError:
        return False


def state(pid: int) -> str:
    """What the kernel says of a process: T is stopped, S asleep."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]


async def no_secrets(function: DeployedFunction, arn: str) -> Mapping[str, Any]:
    raise AccessDeniedError(f"{function.name} reads {arn}")
