"""A certificate that cannot be shown is refused before anything listens, in words for who set it."""

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from shared.settings import Settings
from tests.support.certificates import make_certificate


def refusal(certificate: object, key: object) -> str:
    given = {"TLS_CERTIFICATE_FILE": str(certificate), "TLS_KEY_FILE": str(key)}
    with pytest.raises(ValidationError) as refused:
        Settings.from_environment({"SPOOLED_ENV": "development", **given})
    [error] = refused.value.errors()
    return str(error["msg"])


def test_a_certificate_with_its_key_is_taken(tmp_path: Path) -> None:
    """Both files together turn TLS on, and without them it is off."""
    made = make_certificate(tmp_path)

    assert Settings.from_environment({"SPOOLED_ENV": "development", **made.settings}).tls_is_on
    assert not Settings.from_environment({"SPOOLED_ENV": "development"}).tls_is_on


def test_one_without_the_other_is_refused(tmp_path: Path) -> None:
    """A service that was meant to speak TLS never starts in the clear."""
    made = make_certificate(tmp_path)

    assert "must both be set" in refusal(made.certificate, "")
    assert "must both be set" in refusal("", made.key)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """The message has the variable, the path and the reason."""
    made, gone = make_certificate(tmp_path), tmp_path / "gone.pem"

    assert f"TLS_CERTIFICATE_FILE={gone} cannot be read: No such file" in refusal(gone, made.key)
    assert f"TLS_KEY_FILE={tmp_path} cannot be read: Is a directory" in refusal(made.certificate, tmp_path)


def test_the_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    """Two files that do not belong together are found when they are read, not by the first client."""
    made, other = make_certificate(tmp_path), make_certificate(tmp_path, "other")

    assert f"TLS_KEY_FILE={other.key} is not the key" in refusal(made.certificate, other.key)


def test_what_is_no_certificate_is_refused(tmp_path: Path) -> None:
    """Files changed about, empty ones, and a key with a passphrase, for which nobody is asked."""
    made = make_certificate(tmp_path)
    locked = make_certificate(tmp_path, "locked", passphrase="a-passphrase")
    empty = Path(os.devnull)

    for certificate, key in (
        (made.key, made.certificate),
        (empty, made.key),
        (made.certificate, empty),
        (locked.certificate, locked.key),
    ):
        assert "must be PEM files" in refusal(certificate, key)
