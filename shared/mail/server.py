"""Where mail is handed in: the mail server that the setting names, read from its URL."""

from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import unquote, urlsplit

Protection = Literal["none", "starttls", "tls"]
_PORTS: dict[Protection, int] = {"none": 25, "starttls": 587, "tls": 465}
_HERE = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True)
class MailServer:
    """An SMTP server, and how the connection to it is protected."""

    host: str
    port: int
    protection: Protection
    user: str = ""
    password: str = field(default="", repr=False)


def read_smtp_url(url: str) -> MailServer:
    """The server of `smtp://USER:PASSWORD@HOST:PORT?starttls` or `smtps://...`.

    Raises ValueError for what is none, and for one that would send a password in the clear over a network.
    The message never repeats the URL: it holds the password.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("the port of the mail server must be a number up to 65535") from None
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname or parts.path not in {"", "/"}:
        raise ValueError("must be smtp://USER:PASSWORD@HOST:PORT, with ?starttls at the end, or smtps://...")
    if parts.query not in {"", "starttls"}:
        raise ValueError("the only option is ?starttls")
    protection: Protection = "starttls" if parts.query else "none"
    if parts.scheme == "smtps":
        protection = "tls"
    if parts.username and protection == "none" and parts.hostname not in _HERE:
        raise ValueError("a password needs ?starttls or smtps://, or it would cross the network in the clear")
    return MailServer(
        host=parts.hostname,
        port=port or _PORTS[protection],
        protection=protection,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )
