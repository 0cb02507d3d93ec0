"""A gateway without a network, over one function that says what the test wants."""

from datetime import UTC, datetime
from typing import Any

import httpx
import orjson

from localstack.cloud.deployed import Deployed, DeployedCors, DeployedRoute
from localstack.gateway import Gateway
from localstack.lambdas.model import Invocation, Invoke

NOW = datetime(2026, 3, 12, 19, 3, 58, 123_000, tzinfo=UTC)
CLIENT = ("192.0.2.7", 40_000)


class Behind:
    """The function behind every route: it keeps its events and answers with `result`."""

    def __init__(self, result: Any = None, *, failed: bool = False) -> None:
        self.result = {"statusCode": 200} if result is None else result
        self.failed = failed
        self.events: list[dict[str, Any]] = []

    async def __call__(self, _name: str, payload: bytes) -> Invocation:
        self.events.append(orjson.loads(payload))
        payload = self.result if isinstance(self.result, bytes) else orjson.dumps(self.result)
        return Invocation(payload, failed=self.failed)


def deployed_routes(*keys: str, cors: DeployedCors | None = None, timeout_seconds: float = 30.0) -> Deployed:
    """An API with these routes to one function, or `$default` alone."""
    routes = tuple(DeployedRoute(key, "the-function", timeout_seconds) for key in keys or ["$default"])
    return Deployed(functions={}, routes=routes, cors=cors, schedules=())


def gateway(
    invoke: Invoke, *keys: str, cors: DeployedCors | None = None, timeout_seconds: float = 30.0
) -> httpx.AsyncClient:
    """A client of a gateway with these routes, as of one moment and without chance."""
    deployed = deployed_routes(*keys, cors=cors, timeout_seconds=timeout_seconds)
    application = Gateway(deployed, invoke, clock=lambda: NOW, random_bytes=bytes)
    transport = httpx.ASGITransport(application, client=CLIENT)  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url="http://api.example.com:8080")
