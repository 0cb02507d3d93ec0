"""What the cloud program reads from function files, and what it refuses to guess."""

from pathlib import Path

import pytest

from functions.app import every_function
from infra.declared import LONG_LIVED, DeclarationError, read_functions

ROUTE = """from shared.edge import lambda_handler, route

@route("GET", "/thing", uses=("mail",))
async def endpoint(call): ...

handler = lambda_handler(endpoint)
"""


def tree(folder: Path, text: str, *, name: str = "things/get.py") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return folder


def test_reading_and_importing_the_functions_agree() -> None:
    """Routes, timers and what each of them uses are the same, read from the text or imported."""
    endpoints, ticks = every_function()
    imported = {
        (found.operation_id.replace("_", "-"), f"{found.method} {found.path}", frozenset(found.uses))
        for found in endpoints
    } | {(f"ticks-{tick.name}", str(tick.every_seconds), frozenset(tick.uses)) for tick in ticks}

    read = {
        (found.name, found.route_key or str(found.every_seconds), found.uses)
        for found in read_functions()
        if found.kind in {"route", "tick"}
    }

    assert read == imported


def test_every_function_file_is_found() -> None:
    """None is left out: what is no route and no timer is the default route or a step of the deployment."""
    files = {
        path.stem
        for path in Path("functions").glob("*/*.py")
        if path.name != "__init__.py" and path.parent.name != LONG_LIVED
    }

    declared = read_functions()

    assert {found.verb for found in declared} == files
    assert [found.name for found in declared if found.kind == "default"] == ["edge-default"]
    assert [found.name for found in declared if found.kind == "deploy"] == ["deploy-migrate"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('@route("GET", PATH)', "things/get.py:3: `PATH` must be written out as a literal"),
        ('@route("GET", "/" + "thing")', "things/get.py:3: `'/' + 'thing'` must be written out"),
        ('@route("GET", "thing")', "things/get.py:3: a route begins with its method and path"),
        ('@route("GET", "/thing", uses=WORDS)', "things/get.py:3: `WORDS` must be written out"),
        (
            '@route("GET", "/thing", uses=("mial",))',
            "things/get.py:3: uses must be a tuple of internet, mail",
        ),
        ('@route("GET", "/thing", **more)', "things/get.py:3: `**` hides what is declared"),
        ("@every(90)", "things/get.py:3: the cloud starts a timer every N * 60 seconds"),
        ("@every(0)", "things/get.py:3: the cloud starts a timer every N * 60 seconds"),
        ("@every(minutes)", "things/get.py:3: `minutes` must be written out"),
        ("@something()", "things/get.py: one of @route(...), @default_route(...)"),
    ],
)
def test_what_is_not_literal_is_refused_with_its_place(line: str, says: str, tmp_path: Path) -> None:
    """The message names the file and line, shows what stands there and says how to write it."""
    folder = tree(tmp_path, ROUTE.replace('@route("GET", "/thing", uses=("mail",))', line))

    with pytest.raises(DeclarationError) as refused:
        read_functions(folder)

    assert says in str(refused.value)


def test_a_file_without_handler_is_refused(tmp_path: Path) -> None:
    """Lambda calls `handler`; without it the function would fail at its first call."""
    with pytest.raises(DeclarationError, match=r"`handler = \.\.\.` is missing"):
        read_functions(tree(tmp_path, ROUTE.replace("handler =", "hander =")))


def test_two_files_with_one_route_are_refused(tmp_path: Path) -> None:
    """The gateway has one function for a route, so both names are told."""
    tree(tmp_path, ROUTE)
    tree(tmp_path, ROUTE, name="things/read.py")

    with pytest.raises(DeclarationError, match=r"read\.py: GET /thing is already the route of .*get\.py"):
        read_functions(tmp_path)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    """A wrong path must not declare a cloud without functions."""
    with pytest.raises(DeclarationError, match="there are no function files"):
        read_functions(tmp_path)
