"""Run a Pulumi program without an engine: under Pulumi's own mocks, as often as a process likes."""

import asyncio
import contextvars
import gc
import logging
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import uvloop
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime import Mocks, rpc
from pulumi.runtime.mocks import MockEngine, MockMonitor
from pulumi.runtime.settings import SETTINGS, Settings, configure
from pulumi.runtime.stack import run_in_stack

# A resource waits for its answer in a thread of its own, up to so many at once.
_AT_ONCE = 4


def run_under_mocks(mocks: Mocks, program: Callable[[], None], stack: str) -> Mapping[str, Any]:
    """Wait for every resource of the program; its outputs. Runs in the calling thread, which has no loop.

    Pulumi keeps what it knows of a run in context variables: an empty context makes each run the first.
    """
    return contextvars.Context().run(_run, mocks, program, stack)


def _run(mocks: Mocks, program: Callable[[], None], stack: str) -> Mapping[str, Any]:
    monitor = _Monitor(mocks)
    configure(
        Settings(
            project="spooled",
            stack=stack,
            monitor=monitor,
            engine=MockEngine(logging.getLogger("spooled.program")),
            dry_run=False,
            legacy_apply_enabled=False,
            organization="organization",
        )
    )
    with _nothing_is_garbage(), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_to_the_end(program))
    return monitor.outputs


@contextmanager
def _nothing_is_garbage() -> Iterator[None]:
    # Resources and their outputs all refer to each other to the end, some hundred megabytes of them: the
    # collector, which finds none to free, would take as long as the program.
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


async def _to_the_end(program: Callable[[], None]) -> None:
    loops: list[asyncio.AbstractEventLoop] = []

    def give_loop() -> None:
        # The mock monitor answers in threads, needs a loop in each, and would close none.
        loops.append(asyncio.new_event_loop())
        asyncio.set_event_loop(loops[-1])

    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="pulumi", initializer=give_loop) as threads:
        asyncio.get_running_loop().set_default_executor(threads)
        asyncio.get_running_loop().set_exception_handler(_leave_unsaid)
        try:
            await run_in_stack(lambda: _declare(program))
        finally:
            threads.shutdown()
            for loop in loops:
                loop.close()


def _leave_unsaid(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    # What failed is raised once; each output that waited for it has the same error, and nobody asks it.
    if not context["message"].endswith("exception was never retrieved"):
        loop.default_exception_handler(context)


async def _declare(program: Callable[[], None]) -> None:
    # Pulumi waits for the first of thousands of outputs, over all of them again each time: most of a minute.
    program()
    await asyncio.sleep(0)
    while pending := {
        *(call for call in SETTINGS.rpc_manager.rpcs if not call.done()),
        *(output for output in SETTINGS.outputs if not output.done()),
    }:
        done, _ = await asyncio.wait(pending, return_when=asyncio.FIRST_EXCEPTION)
        if any(task.cancelled() or task.exception() for task in done):
            return  # which Pulumi finds, and raises


class _Monitor(MockMonitor):
    """Keeps the outputs of the stack, which Pulumi's own forgets."""

    def __init__(self, mocks: Mocks) -> None:
        super().__init__(mocks)
        self.outputs: dict[str, Any] = {}

    def RegisterResourceOutputs(self, request: Any) -> Empty:  # noqa: N802 - the name of the remote call
        if "::pulumi:pulumi:Stack::" in request.urn:
            self.outputs = plain(rpc.deserialize_properties(request.outputs))
        return Empty()


def plain(value: Any) -> Any:
    """A property without Pulumi's marks of secrets and internals."""
    if rpc.is_rpc_secret(value):
        return plain(rpc.unwrap_rpc_secret(value))
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items() if not key.startswith("__")}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value
