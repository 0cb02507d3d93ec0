"""Whether a request comes from Stripe: `t=<Unix seconds>,v1=<HMAC-SHA-256 of "t.body">`."""

import hashlib
import hmac
from datetime import datetime

from shared.errors import InvalidInputError

_TOLERANCE_SECONDS = 300


def check_stripe_signature(secret: str, header: str, body: bytes, now: datetime) -> None:
    """Raise InvalidInputError for a signature that is missing, wrong, or older than five minutes."""
    stamp, signatures = "", []
    for part in header.split(","):
        name, _, value = part.strip().partition("=")
        if name == "t":
            stamp = value
        elif name == "v1":
            signatures.append(value)
    signed = f"{stamp}.".encode() + body
    expected = hmac.digest(secret.encode(), signed, hashlib.sha256).hex().encode()
    genuine = any(hmac.compare_digest(expected, given.encode()) for given in signatures)
    if not genuine:
        raise _refusal("is not the signature of this body under the webhook secret")
    if not stamp.isdecimal() or abs(now.timestamp() - int(stamp)) > _TOLERANCE_SECONDS:
        raise _refusal("was made more than five minutes ago")


def _refusal(reason: str) -> InvalidInputError:
    return InvalidInputError.of_field("Stripe-Signature", reason, "bad_signature")
