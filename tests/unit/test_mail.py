"""Mail is handed to a real SMTP server, or to the log in development; a fault of the server says little."""

import logging
from pathlib import Path
from urllib.parse import quote

import pytest
from pydantic import ValidationError

from shared.errors import InvalidInputError
from shared.mail.send import Mail, MailFailedError, MailOffError, send_mail
from shared.mail.server import read_smtp_url
from shared.settings import Settings
from tests.support.mailbox import (
    PASSWORD,
    USER,
    knows_the_password,
    own_certificate,
    running_mail_server,
)
from tests.support.run import free_port

SENDER = "Spooled Müller <no-reply@spooled.example>"
MAIL = Mail("john@example.com", "Hello", "Your code is K7M2QX\n.\nGrüße\n")
CREDENTIALS = f"{USER}:{quote(PASSWORD, safe='')}@"


def with_mail(url: str) -> Settings:
    return Settings(spooled_env="production", secret_key="x" * 16, smtp_url=url, mail_from=SENDER)


async def test_a_mail_arrives_as_it_was_written() -> None:
    """Sender, receiver, subject and every line come out at the other end."""
    with running_mail_server() as mailbox:
        await send_mail(with_mail(mailbox.url), MAIL)
    (mail,) = mailbox.mails

    assert (mail["To"], mail["From"], mail["Subject"]) == (MAIL.to, SENDER, MAIL.subject)
    assert mail.get_content() == MAIL.text
    assert mail["Message-ID"].endswith("@spooled.example>")
    assert mail["Auto-Submitted"] == "auto-generated"


@pytest.mark.filterwarnings("ignore:Requiring AUTH")  # the server does not know that TLS is below it
@pytest.mark.parametrize("scheme", ["starttls", "smtps"])
async def test_a_protected_server_is_signed_in_to(
    scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With STARTTLS or TLS the user and password, read from the URL, open a server that asks for them."""
    context, trusted = own_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    options = {"authenticator": knows_the_password, "auth_required": True}
    options |= {"ssl_context": context, "auth_require_tls": False} if scheme == "smtps" else {}
    options |= {"tls_context": context, "require_starttls": True} if scheme == "starttls" else {}
    with running_mail_server(**options) as mailbox:
        place = f"{CREDENTIALS}127.0.0.1:{mailbox.port}"
        url = f"smtps://{place}" if scheme == "smtps" else f"smtp://{place}?starttls"
        await send_mail(with_mail(url), MAIL)
        with pytest.raises(MailFailedError):
            await send_mail(with_mail(url.replace(USER, "somebody")), MAIL)

    assert len(mailbox.mails) == 1


async def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    """The password is never given to a server that is not who it says."""
    context, _ = own_certificate(tmp_path)
    options = {"tls_context": context, "require_starttls": True}
    with running_mail_server(**options) as mailbox, pytest.raises(MailFailedError):
        await send_mail(with_mail(f"{mailbox.url}?starttls"), MAIL)

    assert mailbox.mails == []


async def test_a_server_that_is_down_is_a_fault_of_a_moment(caplog: pytest.LogCaptureFixture) -> None:
    """The error is a 503 that says when to try again; the log has no address and no code."""
    with pytest.raises(MailFailedError) as failed:
        await send_mail(with_mail(f"smtp://127.0.0.1:{free_port()}"), MAIL)

    assert (failed.value.status, failed.value.retry_after) == (503, 30)
    assert "ConnectionRefusedError" in caplog.text
    assert "john" not in caplog.text
    assert "K7M2QX" not in caplog.text


async def test_an_address_that_the_server_refuses_is_the_senders_mistake() -> None:
    """A 5xx for the receiver is a 400 of the field; a 4xx is for another time."""
    with running_mail_server() as mailbox:
        mailbox.refused = {"john@example.com": "550 no such user", "late@example.com": "451 greylisted"}
        with pytest.raises(InvalidInputError, match="email: the mail server refuses"):
            await send_mail(with_mail(mailbox.url), MAIL)
        with pytest.raises(MailFailedError):
            await send_mail(with_mail(mailbox.url), Mail("late@example.com", "Hello", ""))


async def test_without_a_server_mail_goes_to_the_log_in_development(caplog: pytest.LogCaptureFixture) -> None:
    """The text can be read at INFO, so that one can sign in on a laptop."""
    with caplog.at_level(logging.INFO, "spooled.mail"):
        await send_mail(Settings(spooled_env="development"), MAIL)

    assert "K7M2QX" in caplog.text


async def test_without_a_server_mail_is_off_in_production(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is sent and nothing is logged."""
    with caplog.at_level(logging.DEBUG), pytest.raises(MailOffError):
        await send_mail(Settings(spooled_env="production", secret_key="x" * 16), MAIL)

    assert "K7M2QX" not in caplog.text


@pytest.mark.parametrize(
    ("url", "read"),
    [
        ("smtp://mail.example.com", ("mail.example.com", 25, "none", "", "")),
        ("smtp://a%40b:p%2Fq@mail.example.com?starttls", ("mail.example.com", 587, "starttls", "a@b", "p/q")),
        ("smtps://u:secret@mail.example.com/", ("mail.example.com", 465, "tls", "u", "secret")),
        ("smtp://u:secret@localhost:2525", ("localhost", 2525, "none", "u", "secret")),
    ],
)
def test_a_mail_servers_url_is_read(url: str, read: tuple[object, ...]) -> None:
    """Scheme and option decide the protection and the usual port."""
    server = read_smtp_url(url)

    assert (server.host, server.port, server.protection, server.user, server.password) == read
    assert not server.password or server.password not in repr(server)


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.com",
        "http://mail.example.com",
        "smtp://",
        "smtp://u:secret@mail.example.com",
        "smtp://mail.example.com:99999",
        "smtp://mail.example.com?tls=1",
        "smtp://mail.example.com/path",
    ],
)
def test_a_broken_mail_url_stops_the_start(url: str) -> None:
    """The message says what is wrong and never the password; nor is a password sent in the clear."""
    with pytest.raises(ValidationError) as refused:
        with_mail(url)
    (fault,) = refused.value.errors()

    assert fault["loc"] == ("smtp_url",)
    assert "secret" not in fault["msg"]


def test_mail_needs_a_sender() -> None:
    """A server without an address to send from is a mistake that the start tells."""
    with pytest.raises(ValidationError, match="MAIL_FROM"):
        Settings(smtp_url="smtp://localhost", secret_key="x" * 16)
