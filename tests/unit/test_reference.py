"""docs/api.md says what the functions say."""

from functions.app import every_function
from localstack.reference import current_page


def test_the_page_has_each_route_once_with_its_permission() -> None:
    """A reader finds every route, and what a key needs for it."""
    page = current_page()

    for endpoint in every_function()[0]:
        (row,) = [
            line for line in page.splitlines() if line.startswith(f"| `{endpoint.method} {endpoint.path}` |")
        ]
        assert all(f"`{word}`" in row for word in endpoint.scope)
