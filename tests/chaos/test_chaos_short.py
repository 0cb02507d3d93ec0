"""The crash tests in short: each kind of kill and of cut once, in an order that differs from run to run."""

import random
from pathlib import Path

from tests.chaos.load.whole import Size
from tests.chaos.plan import short_plan
from tests.chaos.run import run

SECONDS = 12.0
# So few that all of them are shown as pending, should a process have died with them in its hands.
SIZE = Size(
    producers=4, workers=6, streams=3, events=("job.deadlettered", "job.cancelled", "workflow.failed")
)


async def test_what_was_acknowledged_holds_whatever_is_killed_or_cut(tmp_path: Path) -> None:
    """No acknowledged job is lost or done twice, and keys, slots, steps, cancels and events are kept."""
    seed = random.SystemRandom().randrange(1_000_000)

    result = await run(tmp_path / "run", seed, short_plan(seed, SECONDS), SECONDS, SIZE, told_seconds=2.0)

    assert result.verdict.violations == [], f"seed {seed}\n{result.shown}"
    assert " acknowledged" in result.figures
