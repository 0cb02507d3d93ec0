"""Secrets that must be read again are kept encrypted under a key that comes from the server's secret."""

import secrets
from functools import lru_cache
from typing import TYPE_CHECKING

from shared.settings import Settings

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_VERSION = 1
"""Of the key, in front of what is sealed: another master key will have another, and both can be read."""
_NONCE_BYTES = 12
_TAG_BYTES = 16


class UnsealError(Exception):
    """A stored secret cannot be read: it is damaged, or SECRET_KEY was changed since it was stored."""


def seal(settings: Settings, secret: str) -> bytes:
    """`secret` as it is stored: the version of the key, a nonce, the ciphertext."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    head = bytes([_VERSION])
    return head + nonce + _cipher(settings.secret_key).encrypt(nonce, secret.encode(), head)


def unseal(settings: Settings, sealed: bytes) -> str:
    """The secret that was sealed; raises UnsealError for what this server cannot read."""
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - as in _cipher

    head, nonce, ciphertext = sealed[:1], sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
    if head != bytes([_VERSION]) or len(ciphertext) < _TAG_BYTES:
        raise UnsealError(UnsealError.__doc__)
    try:
        return _cipher(settings.secret_key).decrypt(nonce, ciphertext, head).decode()
    except (InvalidTag, UnicodeDecodeError):
        raise UnsealError(UnsealError.__doc__) from None


@lru_cache(maxsize=4)
def _cipher(secret_key: str) -> "AESGCM":
    # Imported where it is used: a function that seals nothing need not load it.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF  # noqa: PLC0415

    derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"spooled webhook secrets")
    return AESGCM(derivation.derive(secret_key.encode()))
