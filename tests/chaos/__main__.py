"""`make chaos`: a load under faults, judged by what its clients saw. Exit code 1 on a violation."""

import argparse
import asyncio
import random
import shutil
import sys
from pathlib import Path

import uvloop

from tests.chaos.load.whole import Size
from tests.chaos.plan import plan
from tests.chaos.run import result_of, run

FOLDER = Path("build/chaos")
TOLD_SECONDS = 140.0


def main() -> int:
    """Run, or judge a log that is there, and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0, help="length of the load (5)")
    parser.add_argument("--seed", type=int, default=None, help="of plan and load; drawn when absent")
    parser.add_argument("--gap", type=float, default=5.0, help="seconds between two faults, on average (5)")
    parser.add_argument(
        "--forgetful",
        action="store_true",
        help="PostgreSQL does not wait for the disk: violations are wanted",
    )
    parser.add_argument("--judge", type=Path, default=None, help="a log to judge again, without a run")
    asked = parser.parse_args()
    seed = random.SystemRandom().randrange(1_000_000) if asked.seed is None else asked.seed
    seconds = asked.minutes * 60
    faults = plan(seed, seconds, asked.gap)
    if asked.judge:
        result = result_of(asked.judge, seed, faults)
    else:
        folder = FOLDER / f"seed-{seed}"
        shutil.rmtree(folder, ignore_errors=True)
        print(
            f"seed {seed}, {asked.minutes:g} minutes, {len(faults)} faults; all is kept in {folder}",
            flush=True,
        )
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            result = runner.run(
                run(folder, seed, faults, seconds, Size(), TOLD_SECONDS, durable=not asked.forgetful)
            )
        if not result.verdict.violations:
            shutil.rmtree(folder / "world")
    print(result.figures)
    if result.verdict.violations:
        print(f"\n{result.shown}", file=sys.stderr)
    return 1 if result.verdict.violations else 0


if __name__ == "__main__":
    sys.exit(main())
