"""All functions, found by import: the local server and the tests run them as one application.

The long-lived service finds what is under `functions/streams/` by itself.
"""

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType

import functions
from shared.edge import Endpoint, Tick

_LONG_LIVED = "functions.streams"


def every_function() -> tuple[list[Endpoint], list[Tick]]:
    """The routes and timers of all files under `functions/` that are Lambda functions in the cloud."""
    endpoints: list[Endpoint] = []
    ticks: list[Tick] = []
    for module in _pages():
        found = vars(module).values()
        endpoints += [value for value in found if isinstance(value, Endpoint)]
        ticks += [value for value in found if isinstance(value, Tick)]
    return endpoints, ticks


def _pages() -> Iterator[ModuleType]:
    for area in pkgutil.iter_modules(functions.__path__, "functions."):
        if area.ispkg and area.name != _LONG_LIVED:
            package = importlib.import_module(area.name)
            for page in pkgutil.iter_modules(package.__path__, f"{area.name}."):
                yield importlib.import_module(page.name)
