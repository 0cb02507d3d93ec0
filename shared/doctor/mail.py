"""Mail: does the mail server take what is handed in."""

import asyncio

from shared.doctor.finding import Area, Finding, failed, ok, skipped, warning
from shared.doctor.installation import Installation
from shared.mail.send import logged_in
from shared.mail.server import MailServer, read_smtp_url


async def server(installation: Installation) -> Finding:
    """The mail server answers, and lets us in; nothing is sent."""
    settings = installation.settings
    if settings is None:
        return skipped("there are no settings of a service here, or they cannot be read")
    if not settings.smtp_url:
        if settings.development:
            return ok("no SMTP_URL: mail goes to the log, in development")
        return skipped("no SMTP_URL: e-mail sign-in is off")
    found = read_smtp_url(settings.smtp_url)
    place = f"{found.host}:{found.port}"
    try:
        await asyncio.to_thread(_log_in, found)
    except OSError as error:  # every fault of smtplib is one
        # Without the server's words, which may repeat what it was sent.
        code = getattr(error, "smtp_code", None) or error.strerror or ""
        return failed(
            f"{place}: {type(error).__name__} {code}".rstrip(),
            "People cannot sign in by e-mail. Correct SMTP_URL, then look again:",
            "spooled doctor --only mail",
        )
    return ok(f"{place} lets us in, as {settings.mail_from}")


def _log_in(found: MailServer) -> None:
    with logged_in(found):
        pass


async def links(installation: Installation) -> Finding:
    """Addresses that are sent out lead back here."""
    settings = installation.settings
    if settings is None or settings.development:
        return skipped("matters in production")
    if not settings.public_url:
        return warning(
            "PUBLIC_URL is not set: addresses that the service gives out are those of the request, which a "
            "proxy may have changed",
            "Say what others call it:",
            "export PUBLIC_URL=https://...",
        )
    if not settings.public_url.startswith("https://"):
        return warning(
            f"PUBLIC_URL={settings.public_url} is not https: keys cross the network in the clear",
            "Put TLS in front, and set",
            "export PUBLIC_URL=https://...",
        )
    return ok(f"PUBLIC_URL={settings.public_url}")


AREA = Area("mail", (server, links))
