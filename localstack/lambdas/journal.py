"""What the platform writes into a function's log, in Lambda's JSON format.

https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html
"""

import json
import math
from datetime import UTC, datetime
from typing import Any

from localstack.cloud.deployed import DeployedFunction
from localstack.lambdas.faults import EnvironmentFaultError
from localstack.lambdas.output import LogSink


class Journal:
    """The platform's lines about one environment."""

    def __init__(self, function: DeployedFunction, sink: LogSink) -> None:
        self._function = function
        self._sink = sink

    def init_started(self) -> None:
        self._write(
            "platform.initStart",
            initializationType="on-demand",
            phase="init",
            functionName=self._function.name,
            runtimeVersion=self._function.runtime,
        )

    def init_ended(self, seconds: float, fault: EnvironmentFaultError | None) -> None:
        self._write(
            "platform.initReport",
            initializationType="on-demand",
            phase="init",
            metrics={"durationMs": _milliseconds(seconds)},
            **_status(fault),
        )

    def started(self, request_id: str) -> None:
        self._write("platform.start", requestId=request_id, version="$LATEST")

    def ended(
        self,
        request_id: str,
        *,
        seconds: float,
        init_seconds: float | None,
        memory_mb: int | None,
        fault: EnvironmentFaultError | None,
    ) -> None:
        metrics = {
            "durationMs": _milliseconds(seconds),
            "billedDurationMs": math.ceil((seconds + (init_seconds or 0)) * 1000),
            "memorySizeMB": self._function.memory_mb,
        }
        if memory_mb is not None:
            metrics["maxMemoryUsedMB"] = memory_mb
        if init_seconds is not None:
            metrics["initDurationMs"] = _milliseconds(init_seconds)
        self._write("platform.report", requestId=request_id, metrics=metrics, **_status(fault))

    def _write(self, kind: str, **record: Any) -> None:
        time = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = json.dumps({"time": time, "type": kind, "record": record})
        self._sink(self._function.log_group, line + "\n")


def _status(fault: EnvironmentFaultError | None) -> dict[str, str]:
    if fault is None:
        return {"status": "success"}
    return {"status": fault.status, "errorType": fault.kind}


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 2)
