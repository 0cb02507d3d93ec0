"""All streams, found by import: the long-lived service and the documentation have them from here."""

import importlib
import pkgutil

import functions.streams
from shared.edge.streaming import Stream

_NO_PAGES = {"__main__", "app"}


def every_stream() -> list[Stream]:
    """The streams of all files in this folder, fixed paths first."""
    pages = [
        importlib.import_module(f"functions.streams.{found.name}")
        for found in pkgutil.iter_modules(functions.streams.__path__)
        if not found.ispkg and found.name not in _NO_PAGES
    ]
    streams = [value for page in pages for value in vars(page).values() if isinstance(value, Stream)]
    return sorted(streams, key=lambda stream: stream.endpoint.precedence)
