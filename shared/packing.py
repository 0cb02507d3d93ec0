"""Bodies made shorter on their way out, for callers that unpack them."""

import gzip
from collections.abc import Mapping

PAYS_FROM_BYTES = 16_384
"""Below that a packed answer saves less than it costs."""
_QUICK = 1


def unpacks_gzip(headers: Mapping[str, str]) -> bool:
    """Whether the caller says so in `Accept-Encoding`."""
    offers = [offer.replace(" ", "") for offer in headers.get("accept-encoding", "").lower().split(",")]
    return any(offer in {"gzip", "gzip;q=1", "gzip;q=1.0"} for offer in offers)


def packed(body: bytes) -> bytes:
    """The body by gzip, at the level that is quick."""
    return gzip.compress(body, _QUICK, mtime=0)
