"""A port that a process has to itself before it serves, so that the one that is taken is said at once."""

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from shared.edge.process.errors import StartError

_HIGHEST = 65_535
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  the address to call, not the one to listen on


@dataclass(frozen=True, slots=True)
class Port:
    """A port by the setting that chooses it; `usual` is what it is when nothing is said."""

    setting: str
    usual: int
    number: int

    def is_refused(self, host: str, error: OSError) -> StartError:
        """What to say of a port that cannot be had."""
        if error.errno == errno.EADDRINUSE:
            other = self.number + 1 if self.number < _HIGHEST else self.usual
            return StartError(
                f"Port {self.number} of {host} is in use by another program. Stop it, or choose another: "
                f"make run {self.setting}={other}"
            )
        return StartError(
            f"HOST={host} {self.setting}={self.number} cannot be listened on: {error.strerror}."
        )


def http_port(number: int) -> Port:
    return Port("PORT", 8080, number)


def grpc_port(number: int) -> Port:
    return Port("GRPC_PORT", 50_051, number)


@contextmanager
def claimed(host: str, port: Port) -> Iterator[socket.socket]:
    """A socket with that address, not listening yet: nobody is let in before all is ready."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host, port.number, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        raise StartError(f"HOST={host} is no address of this machine: {error.strerror}.") from error
    with socket.socket(family, kind) as opened:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            opened.bind(address)
        except OSError as error:
            raise port.is_refused(host, error) from error
        yield opened


def bound_address(opened: socket.socket) -> str:
    """Host and port of the socket, as they stand in a URL."""
    return _joined(*opened.getsockname()[:2])


def address_of(opened: socket.socket) -> str:
    """Host and port at which the socket is reached from this machine, as they stand in a URL."""
    host, port = opened.getsockname()[:2]
    return _joined(_ANYWHERE.get(host, host), port)


def _joined(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
