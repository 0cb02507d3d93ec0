"""The token of a preview: what was looked at, by whom and when, signed by the server.

It is for the act, the filter, the arguments and the caller that it was made for, and for nothing else.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from shared.errors import InvalidInputError, MalformedInputError
from shared.jobs.acts.request import ActRequest
from shared.tenants.caller import Caller

LIFETIME = timedelta(minutes=10)
_AGAIN = "send POST /api/v1/jobs/acts/preview again and confirm with its token"


@dataclass(frozen=True, slots=True)
class Preview:
    """What a token says. Instants are microseconds since 1970, `matched` the jobs to act upon, at least."""

    act_id: int
    org_id: int
    key_id: int
    user_id: int | None
    digest: str
    matched: int
    is_exact: bool
    previewed_us: int
    expires_us: int

    @classmethod
    def of(
        cls, caller: Caller, request: ActRequest, act_id: int, matched: int, now: datetime, *, is_exact: bool
    ) -> Self:
        ends = now + LIFETIME
        who = (caller.org_id, caller.key_id, caller.user_id)
        return cls(act_id, *who, request.digest(), matched, is_exact, _microseconds(now), _microseconds(ends))

    @property
    def previewed_at(self) -> datetime:
        return _instant(self.previewed_us)

    @property
    def expires_at(self) -> datetime:
        return _instant(self.expires_us)

    def signed(self, secret: str) -> str:
        """The token."""
        body = json.dumps([*asdict(self).values()], separators=(",", ":")).encode()
        return f"{_text(body)}.{_text(_signature(secret, body))}"


def read_token(secrets: Sequence[str], token: str | None, caller: Caller, request: ActRequest) -> Preview:
    """What a token of this caller for this act says, expired or not.

    Raises MalformedInputError without a token, InvalidInputError for one that is not this server's, another
    caller's, or of another act, filter or arguments.
    """
    if token is None:
        raise MalformedInputError.of_field("token", f"is missing: {_AGAIN}", "missing")
    preview = _read(secrets, token)
    if preview is None or preview.org_id != caller.org_id:
        raise _refused(f"is none of a preview: {_AGAIN}", "invalid_token")
    if (preview.key_id, preview.user_id) != (caller.key_id, caller.user_id):
        raise _refused(f"was made for another key or person: {_AGAIN}", "other_caller")
    if preview.digest != request.digest():
        raise _refused(f"was made for another act, filter or arguments: {_AGAIN}", "other_request")
    return preview


def expired() -> InvalidInputError:
    """The refusal of a token that nobody used in time."""
    return _refused(f"has expired after ten minutes: {_AGAIN}", "expired_token")


def _refused(message: str, rule: str) -> InvalidInputError:
    return InvalidInputError.of_field("token", message, rule)


def _read(secrets: Sequence[str], token: str) -> Preview | None:
    body, _, signature = token.partition(".")
    try:
        content, given = _bytes(body), _bytes(signature)
    except ValueError:
        return None
    if not any(hmac.compare_digest(given, _signature(secret, content)) for secret in secrets):
        return None
    return Preview(*json.loads(content))


def _signature(secret: str, body: bytes) -> bytes:
    # A key for this purpose alone, so that no other signature is a token.
    key = hmac.digest(secret.encode(), b"spooled acts", hashlib.sha256)
    return hmac.digest(key, body, hashlib.sha256)


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text.encode("ascii") + b"==")


def _microseconds(instant: datetime) -> int:
    return (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _instant(microseconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
