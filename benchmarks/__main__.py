"""`make bench`: every figure, and the page that shows them: `python -m benchmarks [--full] [--only P1,P2]`.

Each module of a figure is a process of its own, so that one that fails does not stop the others. With --only
the other figures stay as they were. --page writes the page again from the results there are.
"""

import argparse
import sys
from pathlib import Path
from time import perf_counter

from benchmarks.figure import FULL_ROUNDS, ROUNDS
from benchmarks.page import write_page
from benchmarks.results import FILE, Results
from benchmarks.running import measured
from benchmarks.wanted import modules, why_not

LONGEST_SECONDS, FULL_LONGEST_SECONDS = 300.0, 3600.0
"""That a module may take, in a short run and in a full one."""


def main() -> int:
    """1 when a module failed; a goal that is not met is no failure of the run."""
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "--full", action="store_true", help="more rounds, and what takes long at its full length"
    )
    parser.add_argument("--only", type=lambda text: text.split(","), help="P1,P2: these figures alone")
    parser.add_argument("--results", type=Path, default=FILE)
    parser.add_argument("--page", action="store_true", help="measure nothing, write the page")
    given = parser.parse_args()
    if not given.page:
        if unknown := {*(given.only or ())} - {*modules()}:
            parser.error(f"no module measures {', '.join(sorted(unknown))}")
        results = run(given.results, given.only, full=given.full)
    else:
        results = Results.read(given.results)
    if given.results == FILE:
        write_page(results)
    for failure in results.failures:
        print(f"{failure.name} FAILED: {failure.command}\n{failure.why}", file=sys.stderr)
    return 1 if results.failures else 0


def run(file: Path, only: list[str] | None, *, full: bool) -> Results:
    rounds, longest = (FULL_ROUNDS, FULL_LONGEST_SECONDS) if full else (ROUNDS, LONGEST_SECONDS)
    results = Results.empty(rounds)
    if only and file.exists():
        before = Results.read(file)
        results = results.with_found([], before.figures, before.failures)
    for name, module in modules().items():
        if only and name not in only:
            continue
        if reason := why_not(name):
            print(f"  {module} is left out: {reason}", flush=True)
            continue
        start = perf_counter()
        results = results.with_found([name], *measured(name, module, rounds, longest))
        results.write(file)
        print(f"  {module} took {perf_counter() - start:.0f} s", flush=True)
    return results


if __name__ == "__main__":
    sys.exit(main())
