"""Codes by e-mail: who reads the mail of an address has proven that it is theirs."""

import hmac
import secrets
from datetime import datetime, timedelta
from typing import Any

from shared.core import Core
from shared.errors import InvalidInputError, NotFoundError, RateLimitedError
from shared.mail.send import Mail, MailOffError, send_mail
from shared.people.addresses import masked
from shared.store import SYSTEM, load_queries
from shared.tenants.authenticate import hash_key, hashes_of

QUERIES = load_queries(__file__)
CODE_LENGTH = 6
_ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
"""No letter that can be read as a figure."""
_LIFETIME = timedelta(minutes=10)
_PAUSE = timedelta(seconds=30)
_WINDOW = timedelta(hours=1)
_MAILS_PER_WINDOW = 5
_GUESSES = 5
_BATCH = 1_000


class NoCodePendingError(NotFoundError):
    """No code is pending for this address: it was used, has expired, or was guessed at too often."""


def require_mail(core: Core) -> None:
    """Raise MailOffError where nobody can get a code."""
    if not core.settings.mail_is_on:
        raise MailOffError


async def send_code(core: Core, email: str, now: datetime) -> dict[str, Any]:
    """Send a code to an address; it replaces the one before. The same for every address, known or not.

    Raises MailOffError, RateLimitedError when this address was sent enough, and as send_mail.
    """
    require_mail(core)
    code = "".join(secrets.choice(_ALPHABET) for _ in range(CODE_LENGTH))
    code_hash = hash_key(core.settings.secret_key, _named(email, code))
    if not await note_mail(core, email, now, code_hash=code_hash):
        raise await _too_many(core, email, now)
    await send_mail(core.settings, _mail(email, code))
    return {
        "message": "A code is on its way: enter it within ten minutes.",
        "email_sent_to": masked(email),
        "email_to": masked(email),
        "expires_in": int(_LIFETIME.total_seconds()),
        "success": True,
        "sent": True,
    }


async def note_mail(core: Core, email: str, now: datetime, *, code_hash: bytes | None = None) -> bool:
    """Whether a mail may go to this address now; it is counted, so that nobody's box is filled from here."""
    row = await core.store.fetch_one(
        SYSTEM,
        QUERIES["note_mail"],
        email=email,
        code_hash=code_hash,
        expires_at=now + _LIFETIME,
        now=now,
        paused_since=now - _PAUSE,
        window_began=now - _WINDOW,
        mails_per_window=_MAILS_PER_WINDOW,
    )
    return row is not None


async def use_code(core: Core, email: str, code: str, now: datetime) -> None:
    """Use the code of an address up; it cannot be used again.

    Raises NoCodePendingError, and InvalidInputError for a wrong one. A guess is counted before it is looked
    at, so that however many are made at once no more than five are.
    """
    row = await core.store.fetch_one(SYSTEM, QUERIES["count_guess"], email=email, now=now, guesses=_GUESSES)
    if row is None:
        raise NoCodePendingError
    known = hashes_of(core.settings, _named(email, code))
    if not any(hmac.compare_digest(row["code_hash"], one) for one in known):
        left = _GUESSES - row["attempts"]
        raise InvalidInputError.of_field("code", f"is not the code that was sent; {left} tries left", "wrong")
    used = await core.store.fetch_one(SYSTEM, QUERIES["use_code"], email=email, code_hash=row["code_hash"])
    if used is None:
        raise NoCodePendingError


async def forget_old_proofs(core: Core, now: datetime) -> int:
    """Forget codes and sign-up tokens that are of no use any more, and return how many."""
    rows = await core.store.fetch(
        SYSTEM, QUERIES["forget_codes"], now=now, window_began=now - _WINDOW, limit=_BATCH
    )
    tokens = await core.store.fetch(SYSTEM, QUERIES["forget_signup_tokens"], now=now, limit=_BATCH)
    return len(rows) + len(tokens)


async def _too_many(core: Core, email: str, now: datetime) -> RateLimitedError:
    row = await core.store.fetch_one(SYSTEM, QUERIES["sent_mails"], email=email)
    sent_at: list[datetime] = row["sent_at"] if row else [now]
    free_at = sent_at[0] + _PAUSE
    if len(sent_at) == _MAILS_PER_WINDOW:
        free_at = max(free_at, sent_at[-1] + _WINDOW)
    wait = max(1, int((free_at - now).total_seconds()) + 1)
    return RateLimitedError(
        f"This address was sent a mail already: wait {wait} seconds before the next.", wait_seconds=wait
    )


def _named(email: str, code: str) -> str:
    return f"e-mail code {email} {code}"


def _mail(email: str, code: str) -> Mail:
    text = (
        f"Your code is {code}\n\nEnter it within ten minutes to sign in to Spooled.\n"
        "If you did not ask for it, somebody typed your address by mistake: you need do nothing.\n"
    )
    return Mail(email, f"{code} is your Spooled code", text)
