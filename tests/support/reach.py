"""What a function can reach: from its file, through every name that is used, to what needs a right."""

import ast
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
_SETTINGS = {
    "smtp_url": "mail",
    "mail_from": "mail",
    "mail_is_on": "mail",
    "stripe_secret_key": "stripe",
    "stripe_webhook_secret": "stripe",
}
_CALLS_OUT = {"httpcore", "smtplib", "urlopen"}


class Module(NamedTuple):
    """What stands in a module by name, and where its imported names come from."""

    defined: dict[str, ast.AST]
    imported: dict[str, tuple[str, str]]


@cache
def _module(name: str) -> Module | None:
    place = ROOT / Path(*name.split("."))
    path = place.with_suffix(".py") if place.with_suffix(".py").is_file() else place / "__init__.py"
    if not path.is_file():
        return None
    tree = ast.parse(path.read_text(encoding="utf-8"))
    defined: dict[str, ast.AST] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            defined[node.name] = node
        elif isinstance(node, ast.Assign):
            defined |= {target.id: node for target in node.targets if isinstance(target, ast.Name)}
    imported = {
        alias.asname or alias.name: (node.module, alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }
    return Module(defined, imported)


def reached_uses(module: str, name: str) -> set[str]:
    """The words that the code from this name on needs to be declared."""
    uses: set[str] = set()
    ahead, seen = [(module, name)], set()
    while ahead:
        place = ahead.pop()
        if place in seen or place[0] == "shared.settings":
            continue
        seen.add(place)
        found = _module(place[0])
        if found is None:
            continue
        if place[1] in found.imported:
            ahead.append(found.imported[place[1]])
        elif place[1] in found.defined:
            names, words = _used(found.defined[place[1]])
            uses |= words
            ahead += [(place[0], used) for used in names]
    return uses


@cache
def _used(node: ast.AST) -> tuple[set[str], set[str]]:
    names, words = set(), set()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name):
            names.add(inner.id)
            if inner.id in _CALLS_OUT:
                words.add("internet")
        elif isinstance(inner, ast.Attribute) and _is_settings(inner.value):
            words |= {_SETTINGS[inner.attr]} if inner.attr in _SETTINGS else set()
    return names, words


def _is_settings(node: ast.expr) -> bool:
    return "settings" in {getattr(node, "id", ""), getattr(node, "attr", "")}
