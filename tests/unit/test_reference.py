"""docs/api.md says what the functions say."""

from functions.app import every_function
from localstack.reference import PAGE, current_page


def test_the_page_of_routes_is_up_to_date() -> None:
    """Whoever adds or changes a route writes the page again, with one command."""
    assert PAGE.read_text(encoding="utf-8") == current_page(), "docs/api.md is old: run `make docs`"


def test_the_page_has_each_route_once_with_its_permission() -> None:
    """A reader finds every route, and what a key needs for it."""
    page = current_page()

    for endpoint in every_function()[0]:
        (row,) = [
            line for line in page.splitlines() if line.startswith(f"| `{endpoint.method} {endpoint.path}` |")
        ]
        assert all(f"`{word}`" in row for word in endpoint.scope)


def test_every_group_has_an_introduction() -> None:
    """The folder of a group says in its docstring what the group is for."""
    for section in current_page().split("\n## ")[1:]:
        title, _, rest = section.partition("\n\n")
        assert not rest.startswith("\n"), f"write a docstring into functions/{title.lower()}/__init__.py"
