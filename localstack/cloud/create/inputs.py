"""What a program declares of a resource, and that none of it is lost on the way to the cloud."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from localstack.cloud.endpoint import Endpoint
from localstack.cloud.errors import DeployError


class Made(NamedTuple):
    """A resource that now exists: its id, and what the cloud decided about it."""

    id: str
    outputs: Mapping[str, Any]


class Inputs:
    """A resource's properties, in Pulumi's names; one that nobody takes was not created, and is an error."""

    def __init__(self, logical_name: str, properties: Mapping[str, Any]) -> None:
        self._logical_name = logical_name
        self._left = {name: _whole(value) for name, value in properties.items()}

    def nothing_is_left(self) -> None:
        """Raise DeployError for properties that nobody took."""
        if self._left:
            raise DeployError(
                f"declares {', '.join(sorted(self._left))}, which the emulated cloud was not given:"
                " carry it over in localstack/cloud/create"
            )

    def take_all(self) -> dict[str, Any]:
        """Whatever is left, for a resource that is only recorded."""
        left, self._left = self._left, {}
        return left

    def take(self, name: str, default: Any = None) -> Any:
        """One property's value."""
        return self._left.pop(name, default)

    def name(self, key: str = "name") -> str:
        """The physical name: the declared one, or else the logical one."""
        name: str = self.take(key) or self._logical_name
        return name

    def carry(self, *names: str, **renamed: str) -> dict[str, Any]:
        """The arguments of an AWS request: the same names with a capital letter, or as `renamed` says."""
        names_there = [name for name in (*names, *renamed) if name in self._left]
        return {renamed.get(name, _capital(name)): capitalised(self.take(name)) for name in names_there}

    def as_they_are(self, *names: str) -> dict[str, Any]:
        """The arguments of a request of a service that writes its names as Pulumi does."""
        return {name: self.take(name) for name in names if name in self._left}

    def pass_over(self, *names: str) -> None:
        """Leave properties out that the emulated cloud cannot hold."""
        for name in names:
            self.take(name)

    def tags(self, key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
        """The tags as most services take them."""
        return [{key: name, value: text} for name, text in self.tag_map().items()]

    def tag_map(self) -> dict[str, str]:
        """The tags as a mapping; the provider's default tags are among `tagsAll`."""
        return {**self.take("tagsAll", {}), **self.take("tags", {})}


Create = Callable[[Endpoint, Inputs], Made]
"""Create one resource at an endpoint."""


def capitalised(value: Any) -> Any:
    """Pulumi's `allowOrigins` as AWS's `AllowOrigins`, however deep."""
    if isinstance(value, dict):
        return {_capital(key): capitalised(item) for key, item in value.items()}
    if isinstance(value, list):
        return [capitalised(item) for item in value]
    return value


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def _whole(value: Any) -> Any:
    # Protocol buffers know floating-point numbers only; AWS refuses 30.0 seconds.
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return value
