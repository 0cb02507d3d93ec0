"""The official Python client's readers of live events when something breaks, or when they are refused."""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import spooled
from websockets.exceptions import InvalidStatus

from tests.support.line import Line
from tests.support.official import new_key, push, settle
from tests.support.realtime import OVER_SSE, PATIENCE_SECONDS, READERS, Watcher, ended, queues, watching
from tests.support.run import free_port, started
from tests.support.wait import wait_until

# The client opens its WebSockets in a way of which their library has begun to warn.
pytestmark = pytest.mark.filterwarnings(r"ignore:connect\(\) must be used as a context manager")

Connect = Callable[..., spooled.SpooledClient]
Watch = Callable[..., list[Watcher]]
Loop = asyncio.AbstractEventLoop


@pytest.mark.parametrize("queue", [{}, {"queue": "emails"}], ids=["all", "one queue"])
def test_coming_back_after_a_cut(
    reading_loop: Loop, cuttable: Line, watch: Watch, client: spooled.SpooledClient, queue: dict[str, str]
) -> None:
    """Readers come back by themselves, to what they watched; then each event comes again, and once."""
    watchers = watch(url=cuttable.url, **queue)
    told = ["emails"] if queue else ["payroll", "emails"]
    for cuts in range(3):
        if cuts:
            reading_loop.call_soon_threadsafe(cuttable.cut)
        for watcher in watchers:
            wait_until(lambda watcher=watcher, cuts=cuts: watcher.comings > cuts)  # type: ignore[misc]
            watcher.settled()
        push(client, "payroll")
        push(client)
        for watcher in watchers:
            watcher.told(len(told) * (cuts + 1))

    for watcher in watchers:
        assert queues(watcher.own()) == told * 3


def test_a_job_that_ends_while_the_line_is_cut(
    reading_loop: Loop, cuttable: Line, watch: Watch, client: spooled.SpooledClient
) -> None:
    """Who comes back is told first how the job stands, so that its end is not missed."""
    job = push(client)
    watchers = watch(OVER_SSE, url=cuttable.url, job_id=job, reconnect_delay=0.3)
    for watcher in watchers:
        watcher.told(1)
    reading_loop.call_soon_threadsafe(cuttable.cut)
    wait_until(lambda: all("reconnecting" in watcher.states for watcher in watchers))
    settle(client, job, "completed")

    for watcher in watchers:
        assert ended(watcher).count("connected") == 2
        statuses = [event.data.get("new_status") for event in watcher.own()]
        assert (statuses[0], statuses.count("completed")) == ("pending", 1)


def come_back(watcher: Watcher) -> None:
    """This client's asynchronous WebSocket tries once, and then raises; its user connects it again."""
    if watcher.name == "AsyncWebSocketClient":
        assert watcher.end.exception(PATIENCE_SECONDS) is not None
        watcher.do("connect")
        watcher.iterate()
    wait_until(lambda: watcher.comings > 1)
    watcher.settled()


def test_a_restart(reading_loop: Loop, tmp_path: Path) -> None:
    """Readers find their way back to a service that was down, with the same key, and go on to watch."""
    port = free_port()
    patience: dict[str, Any] = {"reconnect_delay": 0.25, "max_reconnect_attempts": 20}
    with ExitStack() as opened:
        with started(tmp_path / "data", port=port) as run:
            key = new_key(run.url)
            client = opened.enter_context(spooled.SpooledClient(api_key=key, base_url=run.url))
            job = push(client)

            def enter(name: str, **wanted: Any) -> Watcher:
                return opened.enter_context(watching(name, reading_loop, run.url, key, **patience, **wanted))

            followers = [enter(name, job_id=job) for name in OVER_SSE]
            watchers = [enter(name) for name in READERS]
            push(client, "before")
            for watcher in [*watchers, *followers]:
                watcher.told(1)
            assert run.end() == 0
        with started(tmp_path / "data", port=port):
            for watcher in watchers:
                come_back(watcher)
            for follower in followers:
                follower.told(2)
            push(client, "after")
            settle(client, job, "completed")
            for watcher in watchers:
                assert queues(watcher.told(5)) == ["before", "after", "emails", "emails", "emails"]
            for follower in followers:
                ended(follower)
                statuses = [event.data.get("new_status") for event in follower.own()]
                assert statuses == ["pending", "pending", "processing", "completed", None]


def answered(watch: Watch, *arguments: Any, **wanted: Any) -> int:
    """The status of the answer to who would read."""
    try:
        watch(*arguments, **wanted)
    except (spooled.AuthenticationError, spooled.AuthorizationError) as refused:
        return refused.status_code or 0
    except InvalidStatus as refused:
        return refused.response.status_code
    return 200


def test_who_is_refused(watch: Watch, connect: Connect, client: spooled.SpooledClient) -> None:
    """A wrong token is an error at once, and so is a queue that the key is not for."""
    narrow = client.api_keys.create({"name": "narrow", "queues": ["emails"]}).key
    for name in READERS:
        for wrong in ("sk_live_nobody", "eyJhbGciOiJub25lIn0.e30."):
            assert answered(watch, [name], wrong) == 401
        assert answered(watch, [name], narrow, queue="emails") == 200
    for name in OVER_SSE:
        assert answered(watch, [name], narrow, queue="payroll") == 403
    with pytest.raises(spooled.AuthenticationError):
        connect(api_key="sk_live_nobody").realtime()


def test_a_key_that_is_revoked(watch: Watch, client: spooled.SpooledClient) -> None:
    """Its readers are told why they end; those that come back are refused, and give up."""
    doomed = client.api_keys.create({"name": "doomed"})
    watchers = watch(token=doomed.key, max_reconnect_attempts=2)
    client.api_keys.delete(doomed.id)

    for watcher in watchers:
        assert watcher.first("error").data["message"]
        refused = spooled.AuthenticationError if watcher.name in OVER_SSE else InvalidStatus
        if watcher.iterates:
            assert isinstance(watcher.end.exception(PATIENCE_SECONDS), refused)
        else:
            ended(watcher)
        assert {event.type for event in watcher.own()} == {"error"}
