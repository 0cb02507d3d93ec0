"""Chance where it keeps no secret: jitter, and names that are only to differ."""

from random import Random

CHANCE = Random()  # noqa: S311 - see above
"""One for the process: seeding another asks the operating system each time."""
