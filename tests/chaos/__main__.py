"""`make chaos`: a load under faults, judged by what its clients saw. Exit code 1 on a violation."""

import argparse
import asyncio
import os
import random
import shutil
import sys
from pathlib import Path

import uvloop

from tests.chaos.plan import plan, short_plan

FOLDER = Path("build/chaos")
TOLD_SECONDS = 140.0
SHORT_SECONDS = 12.0


def main() -> int:
    """Run, or judge a log that is there, and print the figures."""
    asked = _arguments()
    # Starting processes forks this one, which gRPC's own handlers of a fork do not always survive.
    os.environ |= {"GRPC_ENABLE_FORK_SUPPORT": "false", "GRPC_VERBOSITY": "ERROR"}
    from tests.chaos.load.whole import SHORT, Size  # noqa: PLC0415 - gRPC reads its settings when it is loaded
    from tests.chaos.run import result_of, run  # noqa: PLC0415 - as above

    seed = random.SystemRandom().randrange(1_000_000) if asked.seed is None else asked.seed
    seconds = SHORT_SECONDS if asked.short else asked.minutes * 60
    faults = short_plan(seed, seconds) if asked.short else plan(seed, seconds, asked.gap)
    if asked.judge:
        result = result_of(asked.judge, seed, faults)
    else:
        folder = asked.folder / f"seed-{seed}"
        shutil.rmtree(folder, ignore_errors=True)
        print(f"seed {seed}, {seconds:g} seconds, {len(faults)} faults; all is kept in {folder}", flush=True)
        size, told_seconds = (SHORT, 2.0) if asked.short else (Size(), TOLD_SECONDS)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            result = runner.run(
                run(folder, seed, faults, seconds, size, told_seconds, durable=not asked.forgetful)
            )
        if not result.verdict.violations:
            shutil.rmtree(folder / "world")
    print(result.figures)
    if result.verdict.violations:
        print(f"\n{result.shown}", file=sys.stderr)
    return 1 if result.verdict.violations else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0, help="length of the load (5)")
    parser.add_argument("--seed", type=int, default=None, help="of plan and load; drawn when absent")
    parser.add_argument("--gap", type=float, default=5.0, help="seconds between two faults, on average (5)")
    parser.add_argument("--short", action="store_true", help="as in CI: each kind of fault once, in seconds")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the log is kept (build/chaos)")
    parser.add_argument("--judge", type=Path, default=None, help="a log to judge again, without a run")
    parser.add_argument(
        "--forgetful",
        action="store_true",
        help="PostgreSQL does not wait for the disk: violations are wanted",
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
