"""The files of the console as they go out: read once, with a tag of their content, packed when it pays."""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from shared.packing import unpacks_gzip

_FOLDER = Path(__file__).with_name("assets")
_SHELL = "shell.html"
_MEDIA_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
_LEAST_PACKED_BYTES = 512
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
"""What a browser lets the page do: load from here, talk to here, and run no text as a script."""


@dataclass(frozen=True, slots=True)
class Asset:
    """One file.

    media_type: with its charset.
    tag: the ETag of the content, in quotes.
    packed: the same by gzip; None where that is no shorter.
    """

    media_type: str
    tag: str
    body: bytes
    packed: bytes | None

    def headers(self) -> dict[str, str]:
        """A browser keeps the file and asks each time whether it is still good: upgrades are seen at once."""
        return {
            "etag": self.tag,
            "cache-control": "public, no-cache",
            "vary": "accept-encoding",
            "content-security-policy": POLICY,
            "x-content-type-options": "nosniff",
            "x-frame-options": "DENY",
            "referrer-policy": "no-referrer",
            "cross-origin-opener-policy": "same-origin",
        }

    def is_known_by(self, headers: Mapping[str, str]) -> bool:
        """Whether the caller has this content already."""
        known = headers.get("if-none-match", "")
        return known.strip() == "*" or self.tag in {
            tag.strip().removeprefix("W/") for tag in known.split(",")
        }

    def packed_for(self, headers: Mapping[str, str]) -> bytes | None:
        """The packed bytes for a caller that unpacks them."""
        return self.packed if unpacks_gzip(headers) else None


def shell() -> Asset:
    """The page in which everything happens."""
    return _listing()[_SHELL]


def asset(name: str) -> Asset | None:
    """A script or style sheet by its file name; None for all else, whatever it looks like."""
    return None if name == _SHELL else _listing().get(name)


def names() -> list[str]:
    """The file names that `asset` knows."""
    return sorted(name for name in _listing() if name != _SHELL)


@cache
def _listing() -> Mapping[str, Asset]:
    return {path.name: _read(path) for path in sorted(_FOLDER.iterdir()) if path.suffix in _MEDIA_TYPES}


def _read(path: Path) -> Asset:
    body = path.read_bytes()
    packed = gzip.compress(body, mtime=0) if len(body) >= _LEAST_PACKED_BYTES else body
    return Asset(
        f"{_MEDIA_TYPES[path.suffix]}; charset=utf-8",
        f'"{hashlib.sha256(body).hexdigest()[:32]}"',
        body,
        packed if len(packed) < len(body) else None,
    )
