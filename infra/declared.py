"""What the function files declare, read from their text: the program imports none of them."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from shared.edge.uses import Use

FUNCTIONS = Path(__file__).parents[1] / "functions"
LONG_LIVED = "streams"
"""The folder of what is no Lambda function: one container serves it."""

Kind = Literal["route", "default", "tick", "deploy"]
_KINDS: dict[str, Kind] = {
    "route": "route",
    "default_route": "default",
    "every": "tick",
    "at_deploy": "deploy",
}
_USES = get_args(Use)


class DeclarationError(Exception):
    """A function file does not say in literal words what it is; the message names file and line."""


@dataclass(frozen=True, slots=True)
class Declared:
    """One function file: what it is, when it runs, and what it needs beyond the database."""

    area: str
    verb: str
    kind: Kind
    route_key: str
    """`GET /api/v1/jobs/{job_id}` or `$default`; empty for what has no route."""
    every_seconds: int
    """Of a timer; 0 for what is none."""
    uses: frozenset[Use]

    @property
    def name(self) -> str:
        """Such as `jobs-create`; with the stack before it, the name of the function in the cloud."""
        return f"{self.area}-{self.verb}".replace("_", "-")

    @property
    def handler(self) -> str:
        return f"functions.{self.area}.{self.verb}.handler"


def read_functions(folder: Path = FUNCTIONS) -> list[Declared]:
    """All function files by name, without those of the long-lived service.

    Raises DeclarationError for a file that does not say what it is.
    """
    found: list[Declared] = []
    places: dict[str, Path] = {}
    for path in sorted(folder.glob("*/*.py")):
        if path.name == "__init__.py" or path.parent.name == LONG_LIVED:
            continue
        declared = _read(path)
        if declared.route_key and declared.route_key in places:
            raise DeclarationError(
                f"{path}: {declared.route_key} is already the route of {places[declared.route_key]}"
            )
        places[declared.route_key] = path
        found.append(declared)
    if not found:
        raise DeclarationError(f"{folder}: there are no function files here")
    return found


def _read(path: Path) -> Declared:
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    calls = [
        decorator
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for decorator in node.decorator_list
        if isinstance(decorator, ast.Call)
        and isinstance(decorator.func, ast.Name)
        and decorator.func.id in _KINDS
    ]
    if len(calls) != 1:
        raise DeclarationError(
            f"{path}: one of {', '.join(f'@{name}(...)' for name in _KINDS)} must stand here once,"
            f" and stands here {len(calls)} times"
        )
    if not any(_assigns_handler(node) for node in tree.body):
        raise DeclarationError(f"{path}: `handler = ...` is missing, which is what Lambda calls")
    call = calls[0]
    assert isinstance(call.func, ast.Name)
    kind = _KINDS[call.func.id]
    arguments = [_literal(path, argument) for argument in call.args]
    return Declared(
        area=path.parent.name,
        verb=path.stem,
        kind=kind,
        route_key=_route_key(path, call, kind, arguments),
        every_seconds=_every_seconds(path, call, arguments) if kind == "tick" else 0,
        uses=_uses(path, call),
    )


def _assigns_handler(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and any(
        isinstance(target, ast.Name) and target.id == "handler" for target in node.targets
    )


def _literal(path: Path, node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except ValueError:
        raise DeclarationError(
            f"{path}:{node.lineno}: `{ast.unparse(node)}` must be written out as a literal here;"
            " the cloud program reads this file without running it"
        ) from None


def _route_key(path: Path, call: ast.Call, kind: Kind, arguments: Sequence[Any]) -> str:
    if kind == "default":
        return "$default"
    if kind != "route":
        return ""
    match arguments:
        case [str(method), str(route)] if route.startswith("/"):
            return f"{method} {route}"
    raise DeclarationError(f'{path}:{call.lineno}: a route begins with its method and path: "GET", "/..."')


def _every_seconds(path: Path, call: ast.Call, arguments: Sequence[Any]) -> int:
    match arguments:
        case [int(seconds)] if seconds >= 60 and seconds % 60 == 0:  # noqa: PLR2004 - the scheduler's unit
            return seconds
    raise DeclarationError(f"{path}:{call.lineno}: the cloud starts a timer every N * 60 seconds, N >= 1")


def _uses(path: Path, call: ast.Call) -> frozenset[Use]:
    for keyword in call.keywords:
        if keyword.arg is None:
            raise DeclarationError(f"{path}:{call.lineno}: `**` hides what is declared; write it out")
        if keyword.arg != "uses":
            continue
        words = _literal(path, keyword.value)
        if not isinstance(words, tuple) or not set(words) <= set(_USES):
            raise DeclarationError(
                f"{path}:{keyword.value.lineno}: uses must be a tuple of {', '.join(_USES)};"
                f" it is {ast.unparse(keyword.value)}"
            )
        return frozenset(words)
    return frozenset()
