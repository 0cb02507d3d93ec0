"""One attempt at a delivery: the notice is written, signed and sent."""

from dataclasses import replace
from datetime import datetime
from http import HTTPStatus

from shared.settings import Settings
from shared.store import Row
from shared.webhooks.message import Notice, body_of, headers_of
from shared.webhooks.sealing import UnsealError, unseal
from shared.webhooks.send import TOTAL_SECONDS, Outcome, send
from shared.webhooks.target import WebhookUrlError

_UNVERIFIED = {
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.INTERNAL_SERVER_ERROR,
}
"""What receivers answer to a signature that they cannot verify, by their own word or their framework's."""


async def attempt(settings: Settings, notice: Notice, row: Row, now: datetime) -> Outcome:
    """Send a notice to the `url` of the row, signed with its secrets; what can never be sent is final."""
    try:
        secrets = _secrets(settings, row, now)
        body = body_of(notice)
        outcome = await send(settings, row["url"], body, headers_of(notice, body, secrets, now))
        if secrets[1:] == [] or outcome.status_code not in _UNVERIFIED:
            return outcome
        return await _with_the_new(settings, notice, row["url"], body, secrets, outcome, now)
    except UnsealError:
        error = "The secret cannot be read any more: set it again"
    except WebhookUrlError as refusal:
        error = refusal.message
    return Outcome(error=error, is_final=True)


async def _with_the_new(
    settings: Settings,
    notice: Notice,
    url: str,
    body: bytes,
    secrets: list[str],
    refused: Outcome,
    now: datetime,
) -> Outcome:
    """The same once more, for a receiver that knows the new secret alone and reads one signature.

    Both together take no longer than one may.
    """
    left = TOTAL_SECONDS - refused.milliseconds / 1000
    outcome = await send(settings, url, body, headers_of(notice, body, secrets[::-1], now), left)
    return replace(outcome, milliseconds=refused.milliseconds + outcome.milliseconds)


def _secrets(settings: Settings, row: Row, now: datetime) -> list[str]:
    """Those that sign, the one before first while it is good: that is the one that receivers have."""
    if row["sealed_secret"] is None:
        return []
    secret = unseal(settings, bytes(row["sealed_secret"]))
    ends_at = row["previous_secret_ends_at"]
    if ends_at is None or ends_at <= now:
        return [secret]
    try:
        return [unseal(settings, bytes(row["previous_sealed_secret"])), secret]
    except UnsealError:
        return [secret]  # which was set because the one before cannot be read
