"""What archives and cold starts may cost; the build fails above it."""

from collections.abc import Mapping

from infra.archives import Archive
from infra.package.archive import unpacked_bytes
from infra.package.errors import PackageError

MEGABYTE = 1_000_000

MOST_ZIPPED = {"functions": 2 * MEGABYTE, "dependencies": 22 * MEGABYTE}
MOST_UNPACKED = {"functions": 4 * MEGABYTE, "dependencies": 65 * MEGABYTE}
"""By archive. Lambda itself takes 50 MB zipped in one request, and 250 MB unpacked for code and layers."""

MOST_OF_BARE = 1.25
"""The longest import of a function, against that of a bare function (bare.py) with the same packages."""

MOST_OF_BARE_BY_NAME = {"functions.edge.default": 1.8}
"""That of `$default`, which is the whole service: it answers for paths and methods that no function has."""


def size_faults(archive: Archive) -> list[str]:
    """What is too large about an archive."""
    kind = archive.path.stem.partition("-")[0]
    sizes = (
        ("zipped", archive.path.stat().st_size, MOST_ZIPPED[kind]),
        ("unpacked", unpacked_bytes(archive), MOST_UNPACKED[kind]),
    )
    return [
        f"{archive.path.name} has {size / MEGABYTE:.1f} MB {state}, and may have {most / MEGABYTE:.1f} MB"
        for state, size, most in sizes
        if size > most
    ]


def cold_start_faults(ratios: Mapping[str, float]) -> list[str]:
    """Which functions start too slowly."""
    return [
        f"{name} takes {ratio:.2f} times as long to import as a bare function, and may take {most}"
        for name, ratio in ratios.items()
        if ratio > (most := MOST_OF_BARE_BY_NAME.get(name, MOST_OF_BARE))
    ]


def keep(faults: list[str]) -> None:
    """Raise PackageError when there are any."""
    if faults:
        raise PackageError("over the budget of infra/package/budget.py:\n  " + "\n  ".join(faults))
