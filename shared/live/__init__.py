"""Live events: what happens in an organization, told to those who watch it at this moment."""

from shared.live.event import DOTTED, LiveEvent
from shared.live.hub import Hub, RedisLines
from shared.live.watch import TooSlowError, Watch

__all__ = ["DOTTED", "Hub", "LiveEvent", "RedisLines", "TooSlowError", "Watch"]
