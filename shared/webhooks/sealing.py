"""Secrets that must be read again are kept encrypted under a key that comes from the server's secret.

While that is being replaced they name the secret that they were sealed under. While there is only one they do
not: a release from before there were names must read what this one writes, until all of it is this one.
"""

import secrets
from functools import lru_cache
from typing import TYPE_CHECKING

from shared.secret_keys import ID_BYTES, id_of
from shared.settings import Settings

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NAMELESS, _NAMED = b"\x01", b"\x02"
HEAD_BYTES = 1 + ID_BYTES
"""Of a sealed value that names its secret."""
_NONCE_BYTES = 12
_TAG_BYTES = 16


class UnsealError(Exception):
    """A stored secret cannot be read: it is damaged, or of a SECRET_KEY that is not accepted."""


def head_of(settings: Settings) -> bytes:
    """How a value begins that is sealed, by name, under the server's secret of now."""
    return _NAMED + id_of(settings.secret_key)


def seal(settings: Settings, secret: str) -> bytes:
    """`secret` as it is stored: the name of the key, a nonce, the ciphertext."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    head = _NAMELESS if len(settings.secret_keys) == 1 else head_of(settings)
    return head + nonce + _cipher(settings.secret_key).encrypt(nonce, secret.encode(), head)


def unseal(settings: Settings, sealed: bytes) -> str:
    """The secret that was sealed; raises UnsealError for what this server cannot read."""
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - as in _cipher

    head = sealed[: HEAD_BYTES if sealed.startswith(_NAMED) else 1]
    nonce, ciphertext = (
        sealed[len(head) : len(head) + _NONCE_BYTES],
        sealed[len(head) + _NONCE_BYTES :],
    )
    for secret_key in settings.secret_keys if len(ciphertext) >= _TAG_BYTES else ():
        if head not in {_NAMELESS, _NAMED + id_of(secret_key)}:
            continue
        try:
            return _cipher(secret_key).decrypt(nonce, ciphertext, head).decode()
        except (InvalidTag, UnicodeDecodeError):
            continue
    raise UnsealError(UnsealError.__doc__)


@lru_cache(maxsize=4)
def _cipher(secret_key: str) -> "AESGCM":
    # Imported where it is used: a function that seals nothing need not load it.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF  # noqa: PLC0415

    derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"spooled webhook secrets")
    return AESGCM(derivation.derive(secret_key.encode()))
