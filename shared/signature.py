"""Signatures of requests that others send: HMAC-SHA-256 over the body, as GitHub and Stripe write it.

Each function returns what is wrong with a signature, None when it is genuine: the caller knows which status
its route answers.
"""

import hashlib
import hmac
from datetime import datetime

_TOLERANCE_SECONDS = 300
_MOST_DIGITS = 15
_WRONG = "is not the signature of this body under the webhook secret"


def github_fault(secret: str, header: str, body: bytes) -> str | None:
    """X-Hub-Signature-256: `sha256=<hex of the body's HMAC>`."""
    if not header:
        return "is missing"
    return None if _is_same(f"sha256={_hmac(secret, body)}", header) else _WRONG


def stripe_fault(secret: str, header: str, body: bytes, now: datetime) -> str | None:
    """Stripe-Signature: `t=<Unix seconds>,v1=<hex of the HMAC of "t.body">`, made within five minutes of now.

    While a secret is replaced there are several v1: one that is genuine is enough.
    """
    stamp, signatures = "", []
    for part in header.split(","):
        name, _, value = part.strip().partition("=")
        if name == "t":
            stamp = value
        elif name == "v1":
            signatures.append(value)
    if not signatures:
        return "is missing: it must hold `t=<Unix seconds>,v1=<signature>`"
    expected = _hmac(secret, f"{stamp}.".encode() + body)
    if not any(_is_same(expected, given) for given in signatures):
        return _WRONG
    if not (stamp.isascii() and stamp.isdecimal() and len(stamp) <= _MOST_DIGITS):
        return "holds no time in Unix seconds as `t`"
    if abs(now.timestamp() - int(stamp)) > _TOLERANCE_SECONDS:
        return "was made more than five minutes ago or ahead"
    return None


def _hmac(secret: str, signed: bytes) -> str:
    return hmac.digest(secret.encode(), signed, hashlib.sha256).hex()


def _is_same(expected: str, given: str) -> bool:
    return hmac.compare_digest(expected.encode(), given.encode())
