"""The look-up of a host name: once for each attempt, and every address it gives is judged."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from threading import Thread

from shared.webhooks.addresses import Address, may_be_reached

_MOST_LOOKUPS = 16
_LONGEST_SECONDS = 5
_MOST_ADDRESSES = 6
Infos = Sequence[tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[str | int | bytes, ...]]]
_lookups = asyncio.Semaphore(_MOST_LOOKUPS)


class LookupRefusedError(Exception):
    """The name of the target leads nowhere that a delivery may go."""


async def checked_addresses(host: str, port: int, *, development: bool) -> list[Address]:
    """The addresses to connect to, in the order to try them.

    Raises LookupRefusedError when there is none, or when one of them may not be reached: a name that leads
    to public and private addresses is made to trick us.
    """
    try:
        addresses = [ip_address(host)]
    except ValueError:
        addresses = await _look_up(host, port)
    if not all(may_be_reached(address, development=development) for address in addresses):
        # Which address it was is nothing that a tenant should learn of our network.
        raise LookupRefusedError(f"Invalid webhook URL: {host} leads to a private or reserved address")
    return addresses[:_MOST_ADDRESSES]


async def _look_up(host: str, port: int) -> list[Address]:
    try:
        async with _lookups, asyncio.timeout(_LONGEST_SECONDS):
            infos = await _in_thread(lambda: getaddrinfo(host, port))
    except TimeoutError:
        raise LookupRefusedError(f"{host}: the look-up of the name took too long") from None
    except (OSError, UnicodeError):
        raise LookupRefusedError(f"{host}: the name cannot be resolved") from None
    found = dict.fromkeys(ip_address(str(info[4][0])) for info in infos)
    if not found:
        raise LookupRefusedError(f"{host}: the name has no address")
    return list(found)


def getaddrinfo(host: str, port: int) -> Infos:
    """The one look-up of this package."""
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


async def _in_thread(work: Callable[[], Infos]) -> Infos:
    """Run a look-up in a thread of its own, which a dead name server can hold without holding the service."""
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[Infos] = loop.create_future()

    def settle(infos: Infos | None, error: Exception | None) -> None:
        if outcome.done():
            return
        if error is not None:
            outcome.set_exception(error)
        else:
            outcome.set_result(infos or [])

    def run() -> None:
        infos, failure = None, None
        try:
            infos = work()
        except Exception as error:  # noqa: BLE001 - whatever it is, the waiter gets it
            failure = error
        with contextlib.suppress(RuntimeError):  # the loop ended meanwhile
            loop.call_soon_threadsafe(settle, infos, failure)

    Thread(target=run, name="webhook-lookup", daemon=True).start()
    return await outcome
