"""Which route takes a request: the most specific of those that have its method."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from localstack.cloud.deployed import DeployedRoute

DEFAULT = "$default"
ANY = "ANY"
_PARAMETER = re.compile(r"\{(\w+)(\+?)\}")


@dataclass(frozen=True, slots=True)
class Matched:
    """The route of a request, with the values of its path parameters."""

    route: DeployedRoute
    parameters: dict[str, str]


class Routes:
    """The routes of an HTTP API.

    As API Gateway: a segment that is spelt out wins over a parameter, that over a greedy `{proxy+}`, the
    method itself over ANY, and `$default` takes what is left, HEAD and OPTIONS included.
    """

    def __init__(self, routes: Iterable[DeployedRoute]) -> None:
        self._default: DeployedRoute | None = None
        listed = []
        for route in routes:
            if route.key == DEFAULT:
                self._default = route
            else:
                listed.append(_Pattern(route))
        self._patterns = sorted(listed, key=lambda pattern: pattern.precedence)

    def match(self, method: str, path: str) -> Matched | None:
        """The route for a method and a decoded path; None when the API has none."""
        for pattern in self._patterns:
            if pattern.method in {method, ANY} and (found := pattern.regex.fullmatch(path)):
                return Matched(pattern.route, found.groupdict())
        return Matched(self._default, {}) if self._default else None


class _Pattern:
    def __init__(self, route: DeployedRoute) -> None:
        self.route = route
        self.method, _, path = route.key.partition(" ")
        if not path.startswith("/"):
            raise ValueError(f"Route key {route.key!r} is neither `METHOD /path` nor `{DEFAULT}`.")
        self.regex = re.compile("/".join(_expression(segment) for segment in path.split("/")), re.DOTALL)
        self.precedence = [_rank(segment) for segment in path.split("/")], self.method == ANY, path


def _expression(segment: str) -> str:
    parameter = _PARAMETER.fullmatch(segment)
    if parameter is None:
        return re.escape(segment)
    name, greedy = parameter.groups()
    return f"(?P<{name}>.+)" if greedy else f"(?P<{name}>[^/]+)"


def _rank(segment: str) -> int:
    parameter = _PARAMETER.fullmatch(segment)
    if parameter is None:
        return 0
    return 2 if parameter[2] else 1
