"""Each function is a page that says what it is, and nobody else says otherwise."""

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from functions.app import every_function
from functions.streams.app import every_method, every_stream
from infra.declared import LONG_LIVED
from infra.package.code import OF_STREAMS
from localstack.reference import PAGE, current_page
from shared.edge.openapi import document
from shared.edge.service import Service
from shared.edge.streaming import Streaming
from shared.wire.proto.spooled_pb2 import DESCRIPTOR

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path
    for path in ROOT.glob("functions/*/*.py")
    if path.name != "__init__.py" and path.parent.name != LONG_LIVED
)
METHODS = sorted(
    path for path in ROOT.glob(f"functions/{LONG_LIVED}/*_service/*.py") if path.name != "__init__.py"
)
STREAMS = sorted(
    path
    for path in ROOT.glob(f"functions/{LONG_LIVED}/*.py")
    if re.search(r"^@stream\(", path.read_text(encoding="utf-8"), re.MULTILINE)
)
LONGEST = 60
FUNCTIONS = {
    "route": "endpoint",
    "default_route": "endpoints",
    "every": "run_once",
    "at_deploy": "run",
    "rpc": "method",
    "stream": "endpoint",
}
HEADLINES = {
    "route": "{} {}: ",
    "default_route": "$default: ",
    "every": "Every ",
    "at_deploy": "At deploy: ",
    "rpc": "{}.{}: ",
    "stream": "GET {}: ",
}
SQL = re.compile(r"\b(SELECT|INSERT INTO|DELETE FROM|UPDATE \w+ SET|load_queries)\b")


def _name(page: Path) -> str:
    return f"{page.parent.name}/{page.stem}"


every_page = pytest.mark.parametrize("page", PAGES, ids=_name)
every_method_page = pytest.mark.parametrize("page", METHODS, ids=_name)
every_page_of_all = pytest.mark.parametrize("page", [*PAGES, *METHODS, *STREAMS], ids=_name)


class Declaration(NamedTuple):
    """What a page declares, read without importing it, as the cloud program does."""

    kind: str
    arguments: tuple[object, ...]
    function: str


def declarations(page: Path) -> list[Declaration]:
    found = []
    for node in ast.parse(page.read_text(encoding="utf-8")).body:
        for decorator in getattr(node, "decorator_list", []):
            assert isinstance(decorator, ast.Call)
            assert isinstance(decorator.func, ast.Name)
            arguments = tuple(ast.literal_eval(argument) for argument in decorator.args)
            found.append(Declaration(decorator.func.id, arguments, node.name))
    return found


@every_page
def test_page_declares_one_function_and_its_handler(page: Path) -> None:
    """A file holds one route, timer (under `ticks/`) or step of a deployment, literally, and `handler`."""
    text = page.read_text(encoding="utf-8")
    (declared,) = declarations(page)

    assert (declared.kind == "every") == (page.parent.name == "ticks")
    assert declared.function == FUNCTIONS[declared.kind]
    assert text.endswith(
        f"\nhandler = {declared.function}.handler\n"
        if declared.kind in {"every", "at_deploy"}
        else f"\nhandler = lambda_handler({declared.function})\n"
    )


@every_method_page
def test_page_of_a_method_declares_it(page: Path) -> None:
    """A file under `streams/*_service/` holds the gRPC method that folder and file are named after."""
    (declared,) = declarations(page)
    words = [page.parent.name, page.stem]
    names = tuple("".join(part.capitalize() for part in word.split("_")) for word in words)

    assert (declared.kind, declared.arguments) == ("rpc", names)
    assert declared.function == FUNCTIONS["rpc"]
    assert "handler" not in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", STREAMS, ids=_name)
def test_page_of_a_stream_declares_it(page: Path) -> None:
    """A stream is no Lambda function: its page has the declaration and no handler."""
    (declared,) = declarations(page)

    assert (declared.kind, declared.function) == ("stream", FUNCTIONS["stream"])
    assert "handler" not in page.read_text(encoding="utf-8")


@every_page_of_all
def test_page_is_short_and_holds_no_sql(page: Path) -> None:
    """A function is read at a glance, and what it asks of the database stands in a slice."""
    text = page.read_text(encoding="utf-8")

    assert text.count("\n") <= LONGEST
    assert SQL.findall(text) == []


@every_page_of_all
def test_headline_of_a_page_names_its_route(page: Path) -> None:
    """The first line says the same as the declaration, and goes on to what a summary shows."""
    ((kind, arguments, _),) = declarations(page)
    headline = (ast.get_docstring(ast.parse(page.read_text(encoding="utf-8"))) or "").partition("\n")[0]

    assert headline.startswith(HEADLINES[kind].format(*arguments))


def test_files_application_and_openapi_agree() -> None:
    """A route that is in one of the three is in all of them, once."""
    declared = sorted(
        [
            (*(["GET"] if kind == "stream" else []), *arguments, f"{page.parent.name}_{page.stem}")
            for page in [*PAGES, *STREAMS]
            for kind, arguments, _ in declarations(page)
            if kind in {"route", "stream"}
        ]
    )
    routes, ticks = every_function()
    streaming = Streaming(every_stream())
    endpoints = [*routes, *streaming.endpoints]
    composed = sorted([(found.method, found.path, found.operation_id) for found in endpoints])
    published = sorted(
        [
            (method.upper(), path, operation["operationId"])
            for path, methods in document(endpoints)["paths"].items()
            for method, operation in methods.items()
        ]
    )

    service = Service(routes, _no_core, streaming)
    unserved = [(method, path) for method, path, _ in declared if method not in service.allowed(path)]

    assert declared == composed == published
    assert unserved == []
    assert len({(method, path) for method, path, _ in declared}) == len(declared)
    assert sorted(page.stem for page in PAGES if page.parent.name == "ticks") == sorted(
        tick.name for tick in ticks
    )


def test_files_and_proto_agree() -> None:
    """Every method of `spooled.proto` has a page, and the server finds all of them."""
    described = {
        f"/{service.full_name}/{method.name}"
        for service in DESCRIPTOR.services_by_name.values()
        for method in service.methods
    }
    found = [method.path for method in every_method()]

    assert set(found) == described
    assert len(found) == len(METHODS)


def test_functions_carry_nothing_of_the_long_lived_service() -> None:
    """Whoever loads all functions loads no gRPC: what a Lambda function has in its archive has none of it."""
    program = "import sys; from functions.app import every_function; every_function(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    packages = {name.replace(".", "/") for name in loaded.stdout.split()}

    assert {"grpc", "google/protobuf", "uvicorn"} & packages == set()
    assert set(OF_STREAMS) & packages == set()


def test_the_page_of_routes_is_up_to_date() -> None:
    """Whoever adds or changes a route writes the page again, with one command."""
    assert PAGE.read_text(encoding="utf-8") == current_page(), (
        "run `make docs` (python -m localstack.reference)"
    )


def test_every_group_has_an_introduction() -> None:
    """The folder of a group says in its docstring what the group is for."""
    for section in current_page().split("\n## ")[1:]:
        title, _, rest = section.partition("\n\n")
        assert not rest.startswith("\n"), f"write a docstring into functions/{title.lower()}/__init__.py"


async def _no_core() -> None:
    raise AssertionError
