"""Mangum's reading of an HTTP API event, set right where an answer would differ from the local server's."""

from functools import cached_property
from typing import Any

from mangum.handlers.api_gateway import HTTPGateway
from mangum.types import LambdaConfig, LambdaContext, LambdaEvent, Response, Scope

_HOST = "host"


class HttpApi(HTTPGateway):
    """An event of payload format 2.0.

    A Host that is an IPv6 address, or has no number for a port, is the client's affair: Mangum fails at it.
    A 204 has no content, so it has no type of content either.
    """

    @classmethod
    def infer(cls, event: LambdaEvent, context: LambdaContext, config: LambdaConfig) -> bool:  # noqa: ARG003 - Mangum's signature
        return event.get("version") == "2.0"

    @cached_property
    def scope(self) -> Scope:
        headers = self.event.get("headers", {})
        hostless = {name: value for name, value in headers.items() if name != _HOST}
        scope = HTTPGateway({**self.event, "headers": hostless}, self.context, self.config).scope
        if _HOST in headers:
            scope["headers"].append([_HOST.encode(), headers[_HOST].encode()])
        return scope

    def __call__(self, response: Response) -> dict[str, Any]:
        answer = super().__call__(response)
        if all(name.lower() != b"content-type" for name, _ in response["headers"]):
            del answer["headers"]["content-type"]
        return answer
