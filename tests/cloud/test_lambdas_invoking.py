"""A function meets in the emulator what it meets in Lambda: its event, its context and its limits of size."""

import json
import time
from pathlib import Path

import pytest

from localstack.lambdas.limits import REQUEST_BYTES
from localstack.lambdas.model import RequestTooLargeError, ResourceNotFoundError
from tests.support.lambdas import RUNTIME, Workshop, call, fault

CONTEXT = """
import os
import time


def handler(event, context):
    return {
        "event": event,
        "name": context.function_name,
        "arn": context.invoked_function_arn,
        "request_id": context.aws_request_id,
        "memory": context.memory_limit_in_mb,
        "left_ms": context.get_remaining_time_in_millis(),
        "trace": os.environ["_X_AMZN_TRACE_ID"],
        "variables": dict(os.environ),
        "folder": os.getcwd(),
    }
"""


async def test_event_and_context(workshop: Workshop) -> None:
    """The function gets the event, and the context tells it who it is and how long it has."""
    function = workshop.function(CONTEXT, timeout_seconds=7, memory_mb=192)
    async with workshop.running(function) as lambdas:
        seen = await call(lambdas, event={"greeting": "grüß dich"})

    assert seen["event"] == {"greeting": "grüß dich"}
    assert (seen["name"], seen["arn"], seen["memory"]) == ("probe", function.arn, "192")
    assert 0 < seen["left_ms"] <= 7000
    assert seen["trace"].startswith("Root=1-")
    assert seen["request_id"] == workshop.platform(function, "report")[0]["requestId"]
    assert Path(seen["folder"]) == function.code


async def test_environment_is_lambdas_and_not_the_machines(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable of the machine does not reach the function; its own and Lambda's do, and Lambda's stand."""
    monkeypatch.setenv("DATABASE_URL", "the machine's")
    function = workshop.function(CONTEXT, environment={"TZ": "Europe/Vienna", "AWS_REGION": "elsewhere"})
    async with workshop.running(function) as lambdas:
        variables = (await call(lambdas))["variables"]

    assert "DATABASE_URL" not in variables
    assert variables["TZ"] == "Europe/Vienna"
    assert variables["AWS_REGION"] == "eu-central-1"
    assert variables["AWS_EXECUTION_ENV"] == f"AWS_Lambda_{RUNTIME}"
    assert variables["AWS_LAMBDA_LOG_GROUP_NAME"] == "/aws/lambda/probe"
    assert variables["AWS_LAMBDA_LOG_FORMAT"] == "JSON"
    assert variables["LAMBDA_TASK_ROOT"] == str(function.code)


async def test_layers(workshop: Workshop) -> None:
    """A module of a layer is found, and the last layer stands above the ones before."""
    layers = (workshop.folder / "first", workshop.folder / "second")
    for layer in layers:
        (layer / "python").mkdir(parents=True)
        (layer / "python" / "layered.py").write_text(f"WHERE = {layer.name!r}\n")
    function = workshop.function(
        "import layered\n\n\ndef handler(*_):\n    return layered.WHERE\n", layers=layers
    )
    async with workshop.running(function) as lambdas:
        assert await call(lambdas) == "second"


@pytest.mark.parametrize("module", ["psycopg", "uvicorn", "pytest"])
async def test_missing_module(workshop: Workshop, module: str) -> None:
    """A module that this machine has and the function's archive lacks is missing, as in Lambda."""
    function = workshop.function(f"import {module}\n\n\ndef handler(*_):\n    return 1\n")
    async with workshop.running(function) as lambdas:
        error = await fault(lambdas)

    assert error["errorType"] == "Runtime.ImportModuleError"
    assert error["errorMessage"] == f"Unable to import module 'probe': No module named '{module}'"


@pytest.mark.parametrize(
    ("code", "handler", "kind"),
    [
        ("def other(*_): ...", "probe.handler", "Runtime.HandlerNotFound"),
        ("def handler(*_): ...", "handler", "Runtime.MalformedHandlerName"),
        ("def handler(*_) return", "probe.handler", "Runtime.UserCodeSyntaxError"),
        ("raise ValueError('no')", "probe.handler", "ValueError"),
        ("import os; os._exit(3)", "probe.handler", "Runtime.ExitError"),
    ],
)
async def test_function_that_does_not_load(workshop: Workshop, code: str, handler: str, kind: str) -> None:
    """What keeps a function from being loaded is its caller's error, and the next call tries again."""
    function = workshop.function(code, handler=handler)
    async with workshop.running(function) as lambdas:
        kinds = [(await fault(lambdas))["errorType"] for _ in range(2)]

    assert kinds == [kind, kind]
    assert len(workshop.platform(function, "initStart")) == 2
    assert [report["status"] for report in workshop.platform(function, "report")] == ["error", "error"]


async def test_exception_of_a_function(workshop: Workshop) -> None:
    """An exception is answered with its type, message and stack, and the environment lives on."""
    code = "import os\n\n\ndef handler(event, _):\n    return {'pid': os.getpid(), 'half': 1 / event}\n"
    async with workshop.running(workshop.function(code)) as lambdas:
        before = await call(lambdas, event=2)
        error = await fault(lambdas, event=0)
        after = await call(lambdas, event=2)

    assert (error["errorType"], error["errorMessage"]) == ("ZeroDivisionError", "division by zero")
    assert "1 / event" in error["stackTrace"][-1]
    assert before == after


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        ("os._exit(0)", "Runtime exited without providing a reason"),
        ("os._exit(7)", "Runtime exited with error: exit status 7"),
        ("os.kill(os.getpid(), 9)", "Runtime exited with error: signal: killed"),
    ],
)
async def test_process_that_ends(workshop: Workshop, end: str, reason: str) -> None:
    """A process that ends in the middle is the caller's error, and the next call has a new one."""
    code = f"import os\n\n\ndef handler(event, _):\n    if event:\n        {end}\n    return 'alive'\n"
    async with workshop.running(workshop.function(code)) as lambdas:
        error = await fault(lambdas, event=1)

        assert error["errorType"] == "Runtime.ExitError"
        assert error["errorMessage"].endswith(f" Error: {reason}")
        assert await call(lambdas) == "alive"


async def test_large_payloads(workshop: Workshop) -> None:
    """Nearly 6 MB go both ways; a byte more than Lambda takes is refused there and back."""
    function = workshop.function(
        "def handler(event, _):\n    return event if event[:1] == 'x' else 'y' * int(event)\n"
    )
    async with workshop.running(function) as lambdas:
        largest = "x" * (REQUEST_BYTES - 2)
        assert await call(lambdas, event=largest) == largest
        with pytest.raises(RequestTooLargeError, match="6291457 byte payload"):
            await lambdas.invoke("probe", json.dumps(largest + "x").encode())
        error = await fault(lambdas, event=str(6_291_556))

        assert error["errorType"] == "Function.ResponseSizeTooLarge"
        assert "(6291556 bytes)" in error["errorMessage"]
        assert await call(lambdas, event="3") == "yyy"


async def test_unknown_function(workshop: Workshop) -> None:
    """A name that is not deployed is refused."""
    async with workshop.running() as lambdas:
        with pytest.raises(ResourceNotFoundError, match="nobody"):
            await lambdas.invoke("nobody", b"{}")


async def test_warm_invocation_costs_little(workshop: Workshop) -> None:
    """What the emulator adds to a warm invocation is far from what a network adds: a few milliseconds."""
    async with workshop.running(workshop.function()) as lambdas:
        await call(lambdas)
        times = []
        for _ in range(50):
            started = time.perf_counter()
            await call(lambdas)
            times.append(time.perf_counter() - started)

    assert sorted(times)[25] < 0.02
