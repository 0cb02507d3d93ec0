"""What a stream says to its own reader."""

from datetime import datetime

from shared.errors import SpooledError
from shared.live import LiveEvent
from shared.live.translate import derived


def error_notice(error: SpooledError, now: datetime) -> LiveEvent:
    """What went wrong, in the words that an answer would have."""
    return derived("Error", {"code": error.code, "message": error.message, "timestamp": now})
