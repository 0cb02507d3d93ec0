"""Secrets at rest."""

import subprocess
import sys

import pytest

from shared.settings import Settings
from shared.webhooks.sealing import UnsealError, seal, unseal

SETTINGS = Settings(spooled_env="production", secret_key="a-secret-of-production")


@pytest.mark.parametrize("secret", ["s3cret", "", "p\u00e4ss\u2603\x00", "x" * 255])
def test_a_sealed_secret_comes_back(secret: str) -> None:
    """What is stored shows nothing of the secret, differs each time, and can be read again."""
    first, second = seal(SETTINGS, secret), seal(SETTINGS, secret)

    assert first != second
    assert not secret or secret.encode() not in first
    assert [unseal(SETTINGS, first), unseal(SETTINGS, second)] == [secret, secret]


def test_what_this_server_did_not_seal_is_refused() -> None:
    """A damaged value, a key of another version and another SECRET_KEY are each an error."""
    sealed = seal(SETTINGS, "s3cret")
    other = Settings(spooled_env="production", secret_key="another-secret-of-production")
    broken = [b"", b"\x01", sealed[:-1], b"\x02" + sealed[1:], sealed[:-1] + bytes([sealed[-1] ^ 1])]

    for settings, value in [(other, sealed), *((SETTINGS, value) for value in broken)]:
        with pytest.raises(UnsealError):
            unseal(settings, value)


def test_importing_it_does_not_load_the_cipher() -> None:
    """A function that seals nothing pays nothing for it."""
    code = "import sys, shared.webhooks.sealing; sys.exit('cryptography' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
