"""The clock's type under the name that the tests here import."""

from tests.support.clock import MovingClock

__all__ = ["MovingClock"]
