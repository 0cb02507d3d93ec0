"""Environments are started on need, used one invocation at a time, used again, and ended."""

import asyncio
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import uvloop

from localstack.lambdas.model import Invocation, TooManyRequestsError
from localstack.lambdas.pool import Lambdas
from tests.support.lambdas import PID, Workshop, call, lives
from tests.support.until import until

ROOT = Path(__file__).parents[2]

# Answers once as many invocations as asked for are under way at the same time.
TOGETHER = """
import os
import time
from pathlib import Path


def handler(event, _):
    folder = Path(event["folder"])
    mine = folder / str(os.getpid())
    mine.touch(exist_ok=False)
    while not (folder / "go").exists():
        time.sleep(0.01)
    mine.unlink()
    return os.getpid()
"""
GOODBYE = """
import os
import signal
import subprocess
import threading
import time
from pathlib import Path


def say_goodbye(*_):
    Path(__file__).with_name("goodbye").touch()
    {then}


signal.signal(signal.SIGTERM, say_goodbye)
child = subprocess.Popen(["sleep", "600"])


def handler(event, _):
    return [os.getpid(), child.pid]
"""
# A run that is killed: it says which processes it has, and waits for its end.
RUN = """
import asyncio, sys
from pathlib import Path
from tests.support.lambdas import PID, Workshop, call

async def main():
    workshop = Workshop(Path(sys.argv[1]))
    async with workshop.running(workshop.function(PID)) as lambdas:
        print(await call(lambdas), flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


def together(lambdas: Lambdas, folder: Path, count: int) -> list[asyncio.Task[int]]:
    folder.mkdir(exist_ok=True)
    return [asyncio.create_task(call(lambdas, event={"folder": str(folder)})) for _ in range(count)]


def at_work(folder: Path) -> list[int]:
    return [int(mine.name) for mine in folder.iterdir()]


async def until_at_work(folder: Path, count: int) -> None:
    async def are_there() -> bool:
        return len(at_work(folder)) == count

    await until(are_there)


async def until_gone(*pids: int) -> None:
    async def gone() -> bool:
        return not any(map(lives, pids))

    await until(gone)


async def test_one_after_the_other_is_one_environment(workshop: Workshop) -> None:
    """Invocations that do not overlap meet the same process."""
    async with workshop.running(workshop.function(PID)) as lambdas:
        pids = {await call(lambdas) for _ in range(20)}

    assert len(pids) == 1


def test_loop_of_the_local_service(workshop: Workshop) -> None:
    """On uvloop, which the local service runs on, all is the same."""

    async def pids() -> set[int]:
        async with workshop.running(workshop.function(PID)) as lambdas:
            return {await call(lambdas) for _ in range(5)}

    (pid,) = uvloop.run(pids())
    assert not lives(pid)


async def test_concurrent_invocations_have_environments_of_their_own(workshop: Workshop) -> None:
    """No environment ever has two invocations; the one used last is used next."""
    folder = workshop.folder / "together"
    async with workshop.running(workshop.function(TOGETHER)) as lambdas:
        tasks = together(lambdas, folder, 3)
        await until_at_work(folder, 3)
        (folder / "go").touch()
        pids = [await task for task in tasks]
        assert len(set(pids)) == 3

        (latest,) = await asyncio.gather(*together(lambdas, folder, 1))
        assert {latest} == {await call(lambdas, event={"folder": str(folder)}) for _ in range(5)}


async def test_fifty_at_once_over_a_concurrency_of_five(workshop: Workshop) -> None:
    """Exactly five run at once and the others are refused; all is free again afterwards."""
    folder = workshop.folder / "together"
    function = workshop.function(TOGETHER, reserved_concurrency=5)
    async with workshop.running(function) as lambdas:
        tasks = together(lambdas, folder, 50)
        await until_at_work(folder, 5)
        (folder / "go").touch()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        answers = [outcome for outcome in outcomes if isinstance(outcome, int)]

        assert len(set(answers)) == len(answers) == 5
        assert sum(isinstance(outcome, TooManyRequestsError) for outcome in outcomes) == 45
        assert set(await asyncio.gather(*together(lambdas, folder, 5))) <= set(answers)

    assert len(workshop.platform(function, "initStart")) == 5


async def test_fifty_that_wait_for_their_turn(workshop: Workshop) -> None:
    """Callers who try again until they get their turn all get one, from no more than five environments."""
    function = workshop.function(PID, reserved_concurrency=5)
    async with workshop.running(function) as lambdas:

        async def patient() -> int:
            while True:
                try:
                    pid: int = await call(lambdas)
                except TooManyRequestsError:
                    await asyncio.sleep(0.005)
                else:
                    return pid

        pids = await asyncio.gather(*(patient() for _ in range(50)))

    assert len(pids) == 50
    assert len(set(pids)) <= 5


async def test_reserved_concurrency_of_zero(workshop: Workshop) -> None:
    """A function that is switched off never starts."""
    async with workshop.running(workshop.function(reserved_concurrency=0)) as lambdas:
        with pytest.raises(TooManyRequestsError, match="0 reserved environments"):
            await call(lambdas)


async def test_machine_has_room_for_so_many(workshop: Workshop) -> None:
    """A new environment takes the place of the one that was not used for longest, of whatever function."""
    names = ["first", "second", "third"]
    functions = [workshop.function(PID, name=name) for name in names]
    async with workshop.running(*functions, environments=2) as lambdas:
        first, second = await call(lambdas, "first"), await call(lambdas, "second")
        assert await call(lambdas, "first") == first
        third = await call(lambdas, "third")
        await until_gone(second)

        assert await call(lambdas, "first") == first
        assert await call(lambdas, "third") == third


async def test_machine_without_room(workshop: Workshop) -> None:
    """When all that the machine bears are at work, an invocation is refused and names the reason."""
    folder = workshop.folder / "together"
    busy, other = workshop.function(TOGETHER), workshop.function(PID, name="other")
    async with workshop.running(busy, other, environments=2) as lambdas:
        tasks = together(lambdas, folder, 2)
        await until_at_work(folder, 2)
        with pytest.raises(TooManyRequestsError, match="All 2 environments of this machine"):
            await call(lambdas, "other")
        (folder / "go").touch()
        await asyncio.gather(*tasks)

        assert await call(lambdas, "other")


async def test_idle_environment_ends(workshop: Workshop) -> None:
    """Who is not used for a while is shut down, and the next invocation is a cold start."""
    async with workshop.running(workshop.function(PID), idle_seconds=0.1) as lambdas:
        pid = await call(lambdas)
        await until_gone(pid)

        assert await call(lambdas) != pid


@pytest.mark.parametrize(("then", "patience"), [("os._exit(0)", 20.0), ("time.sleep(600)", 0.2)])
async def test_goodbye(workshop: Workshop, then: str, patience: float) -> None:
    """A frozen environment gets SIGTERM and time for it; then it and all it has started are gone."""
    # Only a runtime from 3.12 on waits for events in a thread, so that the function's own handler can run.
    function = workshop.function(GOODBYE.format(then=then))
    async with workshop.running(replace(function, runtime="python3.12"), grace_seconds=patience) as lambdas:
        pids = await call(lambdas)

    assert (function.code / "goodbye").exists()
    assert not any(map(lives, pids))


async def test_close_ends_what_is_under_way(workshop: Workshop) -> None:
    """When the emulator closes, an invocation under way is given up and its process is gone."""
    folder = workshop.folder / "together"
    async with workshop.running(workshop.function(TOGETHER)) as lambdas:
        (task,) = together(lambdas, folder, 1)
        await until_at_work(folder, 1)
        (pid,) = at_work(folder)

    assert not lives(pid)
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_caller_who_goes_away(workshop: Workshop) -> None:
    """An invocation whose caller has given up runs to its end, and its environment is used again."""
    folder = workshop.folder / "together"
    function = workshop.function(TOGETHER)
    async with workshop.running(function) as lambdas:
        (task,) = together(lambdas, folder, 1)
        await until_at_work(folder, 1)
        task.cancel()
        (folder / "go").touch()

        async def reported() -> bool:
            return bool(workshop.platform(function, "report"))

        await until(reported)
        assert workshop.platform(function, "report")[0]["status"] == "success"
        await call(lambdas, event={"folder": str(folder)})

    assert len(workshop.platform(function, "initStart")) == 1


async def test_process_killed_while_idle(workshop: Workshop) -> None:
    """An environment that died in its sleep is not given another invocation."""
    async with workshop.running(workshop.function(PID)) as lambdas:
        pid = await call(lambdas)
        os.kill(pid, signal.SIGKILL)

        async def noticed() -> bool:
            return not any(environment.usable for environment in lambdas._idle)

        await until(noticed)
        assert await lambdas.invoke("probe", b"{}") != Invocation(str(pid).encode())


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no signal tells a child of its parent's death")
async def test_killed_run_leaves_no_process(tmp_path: Path) -> None:
    """A run killed without warning takes its environments with it, frozen as they are."""
    with subprocess.Popen(  # noqa: ASYNC220  nothing else runs in this loop
        [sys.executable, "-c", RUN, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as run:
        assert run.stdout
        pid = int(run.stdout.readline())
        assert lives(pid)
        run.kill()

    await until_gone(pid)
