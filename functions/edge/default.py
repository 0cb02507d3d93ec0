"""$default: the documentation, HEAD, and the refusals of unknown paths and methods."""

from functions.app import every_function
from shared.edge import Endpoint, default_route, lambda_handler


@default_route()
def endpoints() -> list[Endpoint]:
    """All functions as one service: only so can it say which methods a path has."""
    return every_function()[0]


handler = lambda_handler(endpoints)
