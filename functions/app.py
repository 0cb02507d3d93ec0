"""All functions, found by import: the local server and the tests run them as one application."""

import importlib
import pkgutil

import functions
from shared.edge import Endpoint, Tick


def every_function() -> tuple[list[Endpoint], list[Tick]]:
    """The routes and timers of all files under `functions/`."""
    endpoints: list[Endpoint] = []
    ticks: list[Tick] = []
    for module in pkgutil.walk_packages(functions.__path__, "functions."):
        found = vars(importlib.import_module(module.name))
        endpoints += [value for value in found.values() if isinstance(value, Endpoint)]
        ticks += [value for value in found.values() if isinstance(value, Tick)]
    return endpoints, ticks
