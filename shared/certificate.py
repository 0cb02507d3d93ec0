"""The certificate that a listening process shows, looked at before anybody connects."""

from datetime import datetime


def check_certificate(certificate_file: str, key_file: str) -> None:
    """Raise ValueError, in words for who set it, unless the PEM files are a certificate and its own key."""
    from ssl import PROTOCOL_TLS_SERVER, SSLContext, SSLError  # noqa: PLC0415 - only where TLS is in use

    for name, path in (("TLS_CERTIFICATE_FILE", certificate_file), ("TLS_KEY_FILE", key_file)):
        _check_readable(name, path)
    try:
        # With no passphrase: the library would ask the terminal for one.
        SSLContext(PROTOCOL_TLS_SERVER).load_cert_chain(certificate_file, key_file, password="")
    except SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise ValueError(
                f"TLS_KEY_FILE={key_file} is not the key of the first certificate in {certificate_file}"
            ) from None
        raise ValueError(
            f"TLS_CERTIFICATE_FILE={certificate_file} and TLS_KEY_FILE={key_file} must be PEM files: the "
            "certificate with its chain below it, and its private key without a passphrase"
        ) from None


def valid_until(certificate_file: str) -> datetime:
    """When the first certificate of a PEM file that was checked expires."""
    from cryptography.x509 import load_pem_x509_certificate  # noqa: PLC0415 - only where it is asked for

    with open(certificate_file, "rb") as opened:  # noqa: PTH123 - as below
        return load_pem_x509_certificate(opened.read()).not_valid_after_utc


def _check_readable(name: str, path: str) -> None:
    try:
        with open(path, "rb"):  # noqa: PTH123 - without pathlib, which a function would load for nothing
            return
    except OSError as error:
        raise ValueError(f"{name}={path} cannot be read: {error.strerror}") from None
