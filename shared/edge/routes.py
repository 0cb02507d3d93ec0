"""Which function a path belongs to, found without trying them all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Target = TypeVar("Target")
_NONE: Mapping[str, str] = {}


@dataclass(slots=True)
class _Node(Generic[Target]):
    """What comes after a beginning of paths, by the next segment."""

    fixed: "dict[str, _Node[Target]]" = field(default_factory=dict)
    parameter: "_Node[Target] | None" = None
    targets: dict[str, tuple[Target, tuple[str, ...]]] = field(default_factory=dict)
    """By method: the target, and the names of the path's parameters in their order."""


class Routes(Generic[Target]):
    """Targets by method and path; a fixed segment wins over a parameter, which takes any text but none."""

    def __init__(self) -> None:
        self._root: _Node[Target] = _Node()

    def add(self, method: str, path: str, target: Target) -> None:
        """`path` as OpenAPI writes it, for example `/jobs/{job_id}`."""
        node = self._root
        names: list[str] = []
        for segment in path.split("/"):
            if segment.startswith("{"):
                names.append(segment[1:-1])
                node.parameter = node = node.parameter or _Node()
            else:
                node = node.fixed.setdefault(segment, _Node())
        node.targets[method] = target, tuple(names)

    def find(self, method: str, path: str) -> tuple[Target, Mapping[str, str]] | None:
        """The target of a request and the values of its parameters; None when there is none."""
        for node, values in _matching(self._root, path.split("/"), 0, ()):
            if method in node.targets:
                target, names = node.targets[method]
                return target, dict(zip(names, values, strict=True)) if names else _NONE
        return None

    def methods(self, path: str) -> set[str]:
        """All methods that some target of this path takes."""
        return {
            method for node, _ in _matching(self._root, path.split("/"), 0, ()) for method in node.targets
        }


def _matching(
    node: _Node[Target], segments: Sequence[str], at: int, values: tuple[str, ...]
) -> "list[tuple[_Node[Target], tuple[str, ...]]]":
    """The nodes that a path leads to, the one with the earliest fixed segments first."""
    if at == len(segments):
        return [(node, values)]
    segment = segments[at]
    found: list[tuple[_Node[Target], tuple[str, ...]]] = []
    if (after := node.fixed.get(segment)) is not None:
        found += _matching(after, segments, at + 1, values)
    if node.parameter is not None and segment:
        found += _matching(node.parameter, segments, at + 1, (*values, segment))
    return found
