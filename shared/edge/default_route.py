"""The gateway's default route: what no function has a route for."""

from collections.abc import Callable
from dataclasses import dataclass

from shared.edge.endpoint import Endpoint

EndpointsOf = Callable[[], list[Endpoint]]


@dataclass(frozen=True, slots=True)
class DefaultRoute:
    """Route key `$default` of an API Gateway HTTP API; served by the service as a whole."""

    endpoints: EndpointsOf


def default_route() -> Callable[[EndpointsOf], DefaultRoute]:
    """Declare a function, which gives all endpoints, as the taker of what no other route takes."""
    return DefaultRoute
