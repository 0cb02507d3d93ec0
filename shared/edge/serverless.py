"""AWS Lambda: one function behind API Gateway, one connection for the life of the environment."""

import os
from collections.abc import Callable
from typing import Any

from shared.edge.default_route import DefaultRoute
from shared.edge.endpoint import Endpoint
from shared.edge.opening import open_serverless_core

Handler = Callable[[Any, Any], Any]


def lambda_handler(served: Endpoint | DefaultRoute) -> Handler:
    """The Lambda handler of a route; inside Lambda it is built at import, where start-up time is cheapest."""
    build = _Lazy(served)
    if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
        build.handler()
    return build


class _Lazy:
    """Builds its application once: a local server imports many functions and needs none of their handlers."""

    def __init__(self, served: Endpoint | DefaultRoute) -> None:
        self._served = served
        self._handler: Handler | None = None

    def handler(self) -> Handler:
        if self._handler is None:
            from mangum import Mangum  # noqa: PLC0415 - only where a Lambda runs

            from shared.edge.http_api import HttpApi  # noqa: PLC0415 - as above
            from shared.edge.service import Service  # noqa: PLC0415 - as above

            endpoints = [self._served] if isinstance(self._served, Endpoint) else self._served.endpoints()
            service = Service(endpoints, open_serverless_core)
            self._handler = Mangum(service, lifespan="off", custom_handlers=[HttpApi])
        return self._handler

    def __call__(self, event: Any, context: Any) -> Any:
        return self.handler()(event, context)
