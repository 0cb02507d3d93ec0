"""One attempt at a delivery: the notice is written, signed and sent."""

from datetime import datetime

from shared.settings import Settings
from shared.webhooks.message import Notice, body_of, headers_of
from shared.webhooks.sealing import UnsealError, unseal
from shared.webhooks.send import Outcome, send
from shared.webhooks.target import WebhookUrlError


async def attempt(
    settings: Settings, notice: Notice, url: str, sealed_secret: bytes | None, now: datetime
) -> Outcome:
    """Send a notice; what can never be sent is a final failure."""
    try:
        secret = None if sealed_secret is None else unseal(settings, sealed_secret)
        body = body_of(notice)
        return await send(settings, url, body, headers_of(notice, body, secret, now))
    except UnsealError:
        error = "The secret cannot be read any more: set it again"
    except WebhookUrlError as refusal:
        error = refusal.message
    return Outcome(error=error, is_final=True)
