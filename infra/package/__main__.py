"""`python -m infra.package`: write the archives into `dist/`, say what they weigh, keep the budget."""

import sys
from pathlib import Path
from statistics import median

from infra.archives import Archives, own_architecture
from infra.package.archive import unpacked_bytes
from infra.package.budget import MEGABYTE, cold_start_faults, keep, size_faults
from infra.package.build import build
from infra.package.errors import PackageError
from infra.package.measure import Probe, unpacked

DIST = Path(__file__).parents[2] / "dist"
_AGAIN_ABOVE, _TURNS = 1.1, 7


def main() -> int:
    try:
        archives = build(DIST)
        _say_sizes(archives)
        if "arm64" not in archives.dependencies:
            print(f"none for arm64: {archives.runtime} cannot load psycopg there; build with 3.12 or later")
        faults = [
            fault
            for archive in (archives.code, *archives.dependencies.values())
            for fault in size_faults(archive)
        ]
        keep([*faults, *cold_start_faults(_say_cold_starts(archives))])
    except PackageError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _say_sizes(archives: Archives) -> None:
    print(f"for {archives.runtime}\n{'archive':<28}{'zipped MB':>10}{'unpacked MB':>13}  sha256")
    for archive in (archives.code, *archives.dependencies.values()):
        zipped, unpacked_size = archive.path.stat().st_size, unpacked_bytes(archive)
        sizes = f"{zipped / MEGABYTE:>10.2f}{unpacked_size / MEGABYTE:>13.2f}"
        print(f"{archive.path.name:<28}{sizes}  {archive.sha256}")


def _say_cold_starts(archives: Archives) -> dict[str, float]:
    """Import every function once, and what seems slow again, in turn with the bare one."""
    with unpacked(archives) as place, Probe(place) as probe:
        bare = median(float(probe.bare()["processor_ms"]) for _ in range(_TURNS))
        times = {module: probe.milliseconds(module) for module in place.modules()}
        slow = [name for name, taken in times.items() if taken > bare * _AGAIN_ABOVE]
        ratios = {name: taken / bare for name, taken in times.items()} | probe.ratios(slow, _TURNS)
    ordered = sorted(ratios, key=lambda name: ratios[name])
    print(
        f"\nimport on {own_architecture()}, one of {len(ordered)} functions against a bare FastAPI function"
    )
    print(f"{'bare':<44}{bare:>7.0f} ms")
    for word, name in (("median", ordered[len(ordered) // 2]), ("slowest", ordered[-1])):
        print(f"{f'{word}: {name}':<44}{ratios[name] * bare:>7.0f} ms{ratios[name]:>6.2f} times")
    return ratios


if __name__ == "__main__":
    sys.exit(main())
