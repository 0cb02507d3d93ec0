"""All functions, found by import: the local server and the tests run them as one application.

The long-lived service finds what is under `functions/streams/` by itself.
"""

import importlib
import pkgutil

import functions
from shared.edge import Endpoint, Tick

_LONG_LIVED = "functions.streams"


def every_function() -> tuple[list[Endpoint], list[Tick]]:
    """The routes and timers of all files under `functions/` that are Lambda functions in the cloud."""
    endpoints: list[Endpoint] = []
    ticks: list[Tick] = []
    for module in pkgutil.walk_packages(functions.__path__, "functions."):
        if module.name.startswith(_LONG_LIVED):
            continue
        found = vars(importlib.import_module(module.name))
        endpoints += [value for value in found.values() if isinstance(value, Endpoint)]
        ticks += [value for value in found.values() if isinstance(value, Tick)]
    return endpoints, ticks
