"""The server's secrets: one signs, hashes and seals; the others are understood while it is being replaced."""

import hashlib
import hmac
import json
from functools import lru_cache

SHORTEST_SECRET = 16
ID_BYTES = 8


@lru_cache(maxsize=16)
def id_of(secret: str) -> bytes:
    """The name of a secret, ID_BYTES long, which tells nothing else: what was made with it keeps it."""
    return hmac.digest(secret.encode(), b"spooled secret id", hashlib.sha256)[:ID_BYTES]


@lru_cache(maxsize=16)
def read_fallbacks(text: str) -> tuple[str, ...]:
    """The secrets of a list with commas, or of a JSON list for secrets that hold commas themselves.

    Raises ValueError for one that is too short, and never shows any.
    """
    try:
        found = json.loads(text) if text.lstrip().startswith("[") else text.split(",")
    except ValueError:
        raise ValueError("begins like a JSON list of texts and is none") from None
    if not all(isinstance(secret, str) for secret in found):
        raise ValueError("must hold texts alone")
    secrets = tuple(secret for secret in (one.strip() for one in found) if secret)
    if any(len(secret) < SHORTEST_SECRET for secret in secrets):
        raise ValueError(f"each secret must have {SHORTEST_SECRET} characters or more")
    return secrets
