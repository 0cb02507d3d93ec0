"""Sending mail: by SMTP where a server is set, else to the log of a development machine."""

import asyncio
import logging
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.errors import InvalidInputError, NotFoundError, UnavailableError
from shared.mail.server import MailServer, read_smtp_url
from shared.settings import Settings

if TYPE_CHECKING:
    import smtplib
    from collections.abc import Iterator
    from email.message import EmailMessage

logger = logging.getLogger("spooled.mail")
_STEP_SECONDS = 8.0
_SENDING_SECONDS = 20.0
_FOR_GOOD = 500


@dataclass(frozen=True, slots=True)
class Mail:
    """A plain text to one address, which was checked: it holds no line break."""

    to: str
    subject: str
    text: str


class MailOffError(NotFoundError):
    """Mail is off here: set SMTP_URL and MAIL_FROM to let people sign in by e-mail."""


class MailFailedError(UnavailableError):
    """The mail server cannot take the mail at the moment; try again in half a minute."""

    @property
    def retry_after(self) -> int | None:
        return 30


async def send_mail(settings: Settings, mail: Mail) -> None:
    """Hand a mail to the mail server, and return once the server has it.

    Raises MailOffError where there is nowhere to send it, InvalidInputError when the server refuses the
    address for good, MailFailedError for every other failure, which is logged without the address.
    """
    if not settings.mail_is_on:
        raise MailOffError
    if not settings.smtp_url:
        logger.info("Mail to %s: %s\n%s", mail.to, mail.subject, mail.text)
        return
    server = read_smtp_url(settings.smtp_url)
    try:
        async with asyncio.timeout(_SENDING_SECONDS):
            await asyncio.to_thread(_hand_in, server, settings.mail_from, mail)
    except TimeoutError:
        logger.warning("the mail server %s:%s did not answer in time", server.host, server.port)
        raise MailFailedError from None


def _hand_in(server: MailServer, sender: str, mail: Mail) -> None:
    import smtplib  # noqa: PLC0415 - only where mail is sent: it slows the import of every function

    try:
        with logged_in(server) as connection:
            connection.send_message(_message(sender, mail))
    except smtplib.SMTPRecipientsRefused as error:
        ((status, _reason),) = error.recipients.values()
        if status >= _FOR_GOOD:
            raise InvalidInputError.of_field("email", "the mail server refuses this address") from None
        raise _failed(server, f"recipient put off ({status})") from None
    except smtplib.SMTPResponseException as error:
        raise _failed(server, f"{type(error).__name__} ({error.smtp_code})") from None
    except OSError as error:  # every fault of smtplib is one, and those of TLS
        raise _failed(server, type(error).__name__) from None


@contextmanager
def logged_in(server: MailServer) -> "Iterator[smtplib.SMTP]":
    """A connection over which mail can be handed in. Every fault is an OSError."""
    with _connected(server) as connection:
        connection.ehlo_or_helo_if_needed()
        if server.user:
            connection.login(server.user, server.password)
        yield connection


def _connected(server: MailServer) -> "smtplib.SMTP":
    import smtplib  # noqa: PLC0415 - as above
    import ssl  # noqa: PLC0415 - as above

    if server.protection == "tls":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(server.host, server.port, timeout=_STEP_SECONDS, context=context)
    connection = smtplib.SMTP(server.host, server.port, timeout=_STEP_SECONDS)
    try:
        if server.protection == "starttls":
            connection.starttls(context=ssl.create_default_context())
    except BaseException:
        connection.close()
        raise
    return connection


def _message(sender: str, mail: Mail) -> "EmailMessage":
    from email.message import EmailMessage  # noqa: PLC0415 - as above
    from email.utils import formatdate, make_msgid  # noqa: PLC0415 - as above

    message = EmailMessage()
    message["From"] = sender
    message["To"] = mail.to
    message["Subject"] = mail.subject
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2].rstrip("> "))
    message["Auto-Submitted"] = "auto-generated"  # so that nobody's holiday note answers
    message.set_content(mail.text)
    return message


def _failed(server: MailServer, what: str) -> MailFailedError:
    logger.warning("the mail server %s:%s failed: %s", server.host, server.port, what)
    return MailFailedError()
