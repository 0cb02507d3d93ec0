"""What is said of an installation holds none of its secrets, whoever worded it."""

from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from shared.doctor.installation import Installation

_SECRET_NAMES = ("SECRET", "PASSWORD", "TOKEN", "API_KEY")
_SHORTEST = 4
_HIDDEN = "***"


def without_secrets(installation: Installation, text: str) -> str:
    """The text, in which the secrets of the environment and the passwords of its URLs are stars."""
    for secret in sorted(_secrets(installation), key=len, reverse=True):
        text = text.replace(secret, _HIDDEN)
    return text


def place_of(url: str) -> str:
    """Host, port and path of a URL, without who logs in and how."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.hostname or ''}{port}{parts.path.rstrip('/')}"


def _secrets(installation: Installation) -> Iterator[str]:
    for name, value in installation.environment.items():
        candidates = [value] if any(word in name for word in _SECRET_NAMES) else []
        if "://" in value:
            password = _password(value)
            candidates += [password, unquote(password)]
        yield from (candidate for candidate in candidates if len(candidate) >= _SHORTEST)


def _password(url: str) -> str:
    try:
        return urlsplit(url).password or ""
    except ValueError:
        return url
