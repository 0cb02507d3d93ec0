"""`spooled tail` on the running service, over a line that breaks."""

import asyncio
import json
import signal
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.command.exits import Exit
from tests.e2e.conftest import Loop
from tests.support.command import CommandLine
from tests.support.line import Line, line_to

LONGEST_SECONDS = 60


@pytest.fixture
def spooled(service_url: str, key: str) -> CommandLine:
    """The command line of the one on call."""
    return CommandLine(service_url, key)


@pytest.fixture
def line(reading_loop: Loop, service_url: str) -> Iterator[Line]:
    """A line to the service."""
    opened = line_to(service_url)
    yield asyncio.run_coroutine_threadsafe(opened.__aenter__(), reading_loop).result()
    asyncio.run_coroutine_threadsafe(opened.__aexit__(None, None, None), reading_loop).result()


@pytest.fixture
def tail(spooled: CommandLine, line: Line) -> Iterator["subprocess.Popen[str]"]:
    """A `tail` over that line, which ends with the test."""
    command = ("tail", "--queue", "mails", "--type", "job.created", "--json")
    watching = CommandLine(line.url, spooled.key)
    with watching.start(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        watchdog = threading.Timer(LONGEST_SECONDS, process.kill)
        watchdog.start()
        yield process
        watchdog.cancel()
        process.kill()


def test_live_events_go_on_where_a_broken_line_ended(
    spooled: CommandLine, reading_loop: Loop, line: Line, tail: "subprocess.Popen[str]"
) -> None:
    """Cut off in the middle, `tail` comes back and misses nothing, or is told that it does."""
    assert tail.stdout
    assert tail.stderr
    pushed = []
    with ThreadPoolExecutor() as beside:
        # Nothing says that it listens but the first that it sees.
        first = beside.submit(tail.stdout.readline)
        while not first.done():
            pushed.append(spooled("push", "mails").out.strip())
    reading_loop.call_soon_threadsafe(line.cut)
    pushed += [spooled("push", "mails").out.strip() for _ in range(2)]
    seen = [json.loads(first.result())]
    # On a machine that is too busy for Redis to answer in a second the service may not hold them.
    while seen[-1]["type"] == "JobCreated" and seen[-1]["data"]["job_id"] != pushed[-1]:
        seen.append(json.loads(tail.stdout.readline()))
    tail.send_signal(signal.SIGINT)
    said = tail.stderr.read()

    told = [event["data"].get("job_id") for event in seen]
    assert told == pushed[-len(told) :] or seen[-1]["type"] == "EventsLost", seen
    assert tail.wait() == Exit.INTERRUPTED
    assert "Trying again" in said


def test_who_may_not_watch_is_told(spooled: CommandLine) -> None:
    """A wrong key and a type that there is not end it at once."""
    wrong = CommandLine(spooled.url, "sk_live_of_nobody")("tail", "-n", "1")

    assert wrong.code == Exit.FORBIDDEN
    assert "JobCreated" in spooled("tail", "--type", "job.forgotten").err
