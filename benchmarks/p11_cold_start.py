"""P11: cold start of packaged functions, against a bare one: `python -m benchmarks.p11_cold_start`."""

import asyncio
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.cold_start import BARE_NAME, Times, through_emulator
from benchmarks.command import main
from benchmarks.figure import Figure, middle
from infra.archives import own_architecture
from infra.package import build
from infra.package.measure import unpack
from tests.support.servers import running_servers


def taken(turns: int) -> Times:
    """Cold and warm times, from archives that are built now."""
    with TemporaryDirectory(prefix="spooled-bench-") as folder, running_servers() as servers:
        place = unpack(build(Path(folder) / "dist", [own_architecture()]), Path(folder))
        return asyncio.run(through_emulator(place, servers.new_database("cold_start"), turns))


def measure(rounds: int) -> list[Figure]:
    times = taken(rounds)
    ours = sorted({*times.init} - {BARE_NAME})
    by_turn = zip(*[times.to_bare(times.init, name) for name in ours], strict=True)
    value, spread = middle([max(ratios) for ratios in by_turn])
    beside = {f"{name}, init ms": median(times.init[name]) for name in [BARE_NAME, *ours]}
    beside |= {f"{name}, first call with its init, ms": median(times.cold[name]) for name in ours}
    return [
        Figure(
            name="P11",
            what="cold start of a packaged function (the slowest of three), against one that is bare FastAPI,"
            " Mangum and psycopg",
            goal=1.25,
            goal_is="at most",
            value=value,
            spread=spread,
            unit="ratio",
            command="python -m benchmarks.p11_cold_start",
            beside=beside,
            note="From the start of an environment to its first event, by AWS's runtime client in an"
            " emulator, from archives as they are uploaded.",
        )
    ]


if __name__ == "__main__":
    main(measure)
