"""How many examples a property is tried with: few at each run, as each run draws others, or many on demand.

`SPOOLED_EFFORT=20 pytest tests/property` tries twenty times as many.
"""

import os

from hypothesis import HealthCheck, settings

EFFORT = int(os.environ.get("SPOOLED_EFFORT", "1"))


def examples(count: int) -> settings:
    """Settings of a property: so many examples, times the effort asked for, however long each takes."""
    return settings(
        max_examples=count * EFFORT,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
