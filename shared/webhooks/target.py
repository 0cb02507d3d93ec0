"""The URL of a webhook: what may be one, judged without a look-up. Its addresses are judged at delivery."""

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from urllib.parse import SplitResult, urlsplit

from shared.errors import InvalidInputError
from shared.settings import Settings
from shared.webhooks.addresses import Address, may_be_reached

LONGEST_URL = 2048
_PORTS = {"http": 80, "https": 443}
_VISIBLE_ASCII = re.compile(r"[!-~]+")
_NAME = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_ENDS_IN_NUMBER = re.compile(r"(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)$")
_PRIVATE_ENDINGS = (
    ".local",
    ".internal",
    ".corp",
    ".localhost",
    ".localdomain",
    ".lan",
    ".home",
    ".home.arpa",
    ".intranet",
    ".private",
)


class WebhookUrlError(InvalidInputError):
    """Invalid webhook URL"""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a delivery goes; `host` is a name, or an address in its plain form."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def check_url(settings: Settings, url: str, *, field: str = "url") -> None:
    """Raise WebhookUrlError, naming `field`, unless a webhook may have this URL."""
    try:
        parse_target(url, development=settings.development)
    except WebhookUrlError as error:
        raise WebhookUrlError.of_field(field, error.message, "webhook_url") from None


def parse_target(url: str, *, development: bool) -> Target:
    """The parts of a URL that a webhook may have; raises WebhookUrlError for any other."""
    if len(url) > LONGEST_URL:
        raise _invalid(f"it has more than {LONGEST_URL} characters")
    if not _VISIBLE_ASCII.fullmatch(url) or "\\" in url:
        raise _invalid("it has a space, a backslash or a letter beyond ASCII; write those percent-encoded")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _invalid("its host or port cannot be read") from None
    _check_scheme(parts.scheme, development=development)
    if "@" in parts.netloc:
        raise _invalid("it holds a user name or password; sign deliveries with a secret instead")
    if port == 0:
        raise _invalid("port 0 cannot be connected to")
    return Target(
        scheme=parts.scheme,
        host=_host_of(parts, development=development),
        port=port or _PORTS[parts.scheme],
        path=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
    )


def _check_scheme(scheme: str, *, development: bool) -> None:
    if scheme == "http" and not development:
        raise WebhookUrlError("HTTP not allowed: a webhook URL must begin with https://")
    if scheme not in _PORTS:
        raise _invalid("it must begin with https://")


def _host_of(parts: SplitResult, *, development: bool) -> str:
    host = (parts.hostname or "").removesuffix(".")
    if not host:
        raise _invalid("it has no host")
    if parts.netloc.startswith("["):
        return _public(_read(IPv6Address, host), development=development)
    if _ENDS_IN_NUMBER.search(host):
        # Resolvers read 127.1, 0177.0.0.1, 0x7f000001 and 2130706433 as addresses too.
        return _public(_read(IPv4Address, host), development=development)
    if host == "localhost" and development:
        return host
    if not _NAME.fullmatch(host):
        raise _invalid(f"{host[:100]!r} is no full host name such as hooks.example.com")
    if host.endswith(_PRIVATE_ENDINGS):
        raise _invalid(f"{host[:100]!r} is a name of a private network")
    return host


def _read(kind: type[IPv4Address] | type[IPv6Address], text: str) -> Address:
    try:
        return kind(text)
    except AddressValueError:
        raise _invalid("its address is not written in the usual form") from None


def _public(address: Address, *, development: bool) -> str:
    if not may_be_reached(address, development=development):
        raise _invalid(f"{address} is a private or reserved address")
    return str(address)


def _invalid(reason: str) -> WebhookUrlError:
    return WebhookUrlError(f"Invalid webhook URL: {reason}")
