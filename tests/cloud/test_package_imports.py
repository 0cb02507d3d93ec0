"""Every function starts from the archives alone, loads what it uses and no more, and starts quickly."""

from pathlib import Path
from typing import Any

import pytest

from infra.declared import LONG_LIVED
from infra.package.budget import MOST_OF_BARE, MOST_OF_BARE_BY_NAME, cold_start_faults
from infra.package.errors import PackageError
from infra.package.measure import Probe
from tests.support.package import Packages

SENDS = {"httpcore", "h11", "certifi"}
WEB = {"starlette", "mangum", "anyio"}
HEAVY = {
    *SENDS,
    *WEB,
    *("aws_lambda_powertools", "botocore", "cryptography", "fastapi", "idna", "jmespath", "jwt"),
    *("opentelemetry", "redis", "tzdata", "uvicorn", "psycopg_pool"),
    *("multiprocessing", "sqlite3", "tkinter", "unittest", "xml"),
}
"""Packages that take long to import; a function that is not named below loads none but those of its kind."""
USES = {
    "functions.edge.default": SENDS,
    "functions.ticks.deliveries": SENDS | {"anyio"},
    "functions.webhooks.test": SENDS,
}
REPRESENTATIVES = ("functions.jobs.create", "functions.jobs.dequeue", "functions.ticks.leases")


@pytest.fixture(scope="module")
def imports(packages: Packages) -> dict[str, dict[str, Any]]:
    """What importing each function from the archives alone has loaded."""
    place = packages.unpacked()
    found: dict[str, dict[str, Any]] = {}
    # What one of a kind imports is imported once; a timer has not what a route has.
    for first in ("functions.jobs.get", "functions.ticks.leases"):
        of_kind = [module for module in place.modules() if is_route(module) == is_route(first)]
        with Probe(place, first=first) as probe:
            found |= {module: probe.function(module) for module in of_kind}
    return found


def test_every_function_starts_from_the_archives_alone(
    packages: Packages, imports: dict[str, dict[str, Any]]
) -> None:
    """Each function file can be imported by its handler's name, from what comes along and Python itself."""
    place = packages.unpacked()
    functions = Path(__file__).parents[2] / "functions"
    files = [
        file
        for file in functions.glob("*/*.py")
        if file.stem != "__init__" and file.parent.name != LONG_LIVED
    ]
    strangers = {
        file
        for found in imports.values()
        for file in found["files"]
        if "site-packages" in file or not Path(file).exists()
    }

    assert set(imports) == {f"functions.{file.parent.name}.{file.stem}" for file in files}
    assert {module for module, found in imports.items() if not found["handler"]} == set()
    assert strangers == set()
    assert all(str(place.packages) in " ".join(found["files"]) for found in imports.values())


def test_no_function_loads_what_it_does_not_use(imports: dict[str, dict[str, Any]]) -> None:
    """The web framework is for routes alone, FastAPI for who reads the document, the rest for who sends."""
    too_much = {
        module: loaded - allowed(module)
        for module, found in imports.items()
        if (loaded := HEAVY & {name.partition(".")[0] for name in found["modules"]}) - allowed(module)
    }

    assert too_much == {}


def allowed(module: str) -> set[str]:
    return USES.get(module, set()) | (WEB if is_route(module) else set())


def is_route(module: str) -> bool:
    return module.split(".")[1] not in {"ticks", "deploy"}


def test_cold_start_is_that_of_a_bare_function(packages: Packages) -> None:
    """Importing a function takes at most 1.25 times what the least FastAPI function with the driver takes."""
    with Probe(packages.unpacked()) as probe:
        ratios = probe.ratios(REPRESENTATIVES, turns=5)

    assert cold_start_faults(ratios) == []
    assert MOST_OF_BARE == 1.25
    assert set(MOST_OF_BARE_BY_NAME) == {"functions.edge.default"}


def test_a_function_that_lacks_a_module_is_named(packages: Packages) -> None:
    """The build fails on a function that cannot be imported, and says which and why."""
    place = packages.unpacked()
    with (
        Probe(place) as probe,
        pytest.raises(PackageError, match=r"functions\.no\.such cannot be imported .*ModuleNotFoundError"),
    ):
        probe.function("functions.no.such")
