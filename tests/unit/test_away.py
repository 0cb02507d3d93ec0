"""Which errors mean that Redis is away, and which are ours."""

import asyncio

import pytest
import uvloop
from redis.exceptions import ConnectionError as RedisConnectionError

from shared.events.channel import is_away


async def _what_a_broken_line_raises() -> BaseException:
    """Of a connection that ended before anybody noticed, in the loop that the service runs in."""
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, "127.0.0.1", port)
        transport.abort()
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="closed") as raised:
            transport.writelines([b"PING"])
        return raised.value


def test_a_line_that_broke_unnoticed_is_no_fault_of_ours() -> None:
    """The error that uvloop has for it counts like that of any connection that is lost."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        error = runner.run(_what_a_broken_line_raises())

    assert is_away(error), repr(error)


@pytest.mark.parametrize("error", [ConnectionResetError(), TimeoutError(), RedisConnectionError()])
def test_lost_connections_mean_away(error: Exception) -> None:
    """Whoever says so."""
    assert is_away(error)


@pytest.mark.parametrize("error", [RuntimeError("cannot schedule new futures"), KeyError("queue")])
def test_other_errors_are_ours(error: Exception) -> None:
    """They are not hidden as an outage."""
    assert not is_away(error)
