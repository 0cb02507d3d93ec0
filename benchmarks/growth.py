"""How Spooled grows: `python -m benchmarks.growth [--full] [--only queues,waiting] [--rounds N] [--page]`.

The same load at one size and at others, of one thing at a time, each size in turn with the base: 16 callers
that make, claim and complete a job each, again and again. In one process, on a PostgreSQL that waits for the
disk; service processes are asked over HTTP. Writes docs/growth.json and what docs/growth.md shows of it.
"""

import argparse
import asyncio
import tempfile
from pathlib import Path

from benchmarks import growth_page
from benchmarks.grown import Size, grown
from benchmarks.growth_load import Load, Point, compare
from benchmarks.growth_processes import compare_processes
from localstack.postgres import running_postgres

COUNTS = (1, 10, 100, 1_000)
ROWS, FULL_ROWS = (100_000, 1_000_000), (100_000, 1_000_000, 10_000_000)
DAYS = 90
KEPT_DAYS = (7, 30, 90, 365)
KILOBYTES = (1, 10, 100)
OF = ("queues", "organizations", "waiting", "finished", "days", "payload", "processes")


def loads(server: str, of: str, rows: tuple[int, ...]) -> dict[str, Load]:
    """The base and the sizes of one thing, by name, each in a database of that size."""
    empty = grown(server, "empty", Size())
    base = {"": Load(empty)}
    match of:
        case "queues":
            many = grown(server, "many", Size(queues=max(COUNTS)))
            return {"": Load(many), **{f"{n:,}": Load(many, queues=n) for n in COUNTS[1:]}}
        case "organizations":
            many = grown(server, "many", Size(organizations=max(COUNTS)))
            return {"": Load(many), **{f"{n:,}": Load(many, organizations=n) for n in COUNTS[1:]}}
        case "waiting":
            return base | {f"{n:,}": Load(grown(server, f"waiting_{n}", Size(pending=n))) for n in rows}
        case "finished":
            sizes = {n: Size(archived=n, days=DAYS, queues=10, organizations=102) for n in rows}
            return base | {f"{n:,}": Load(grown(server, f"finished_{n}", size)) for n, size in sizes.items()}
        case "days":
            return base | {f"{n}": Load(grown(server, f"days_{n}", Size(days=n))) for n in KEPT_DAYS}
        case "payload":
            return base | {f"{n} KB": Load(empty, payload_bytes=1_000 * n) for n in KILOBYTES}
    raise ValueError(of)


def measure(of: str, rounds: int, *, full: bool) -> list[Point]:
    if of == "processes":
        return compare_processes(rounds)
    with (
        tempfile.TemporaryDirectory(prefix="spooled-growth-") as home,
        running_postgres(Path(home)) as server,
    ):
        found = loads(server, of, FULL_ROWS if full else ROWS)
        return asyncio.run(compare(found, rounds))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "--full", action="store_true", help="up to ten million jobs that wait and are finished"
    )
    parser.add_argument("--only", type=lambda text: text.split(","), default=OF)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--page", action="store_true", help="measure nothing, write the page")
    given = parser.parse_args()
    for of in () if given.page else given.only:
        points = measure(of, given.rounds, full=given.full)
        for point in points:
            print(point, flush=True)
        growth_page.keep("growth", {of: [point.to_json() for point in points]})
    growth_page.write()


if __name__ == "__main__":
    main()
