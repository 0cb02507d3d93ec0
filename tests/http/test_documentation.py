"""The API describes itself: to programs by OpenAPI, to people by a page that needs no network."""

import re
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from functions.app import every_function
from tests.support.api import Api

ENDPOINTS = every_function()[0]


def operations(described: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for methods in described["paths"].values() for operation in methods.values()]


async def test_openapi_is_valid(described: dict[str, Any]) -> None:
    """A validator of OpenAPI 3.1 finds nothing to say."""
    faults = [
        f"{list(fault.absolute_path)}: {fault.message}"
        for fault in OpenAPIV31SpecValidator(described).iter_errors()
    ]

    assert faults == []


async def test_every_operation_is_described(described: dict[str, Any]) -> None:
    """Each route has a summary and a description, and names only security schemes that exist."""
    schemes = described["components"]["securitySchemes"].keys()

    for operation in operations(described):
        assert operation["summary"]
        assert operation["description"]
        assert {name for choice in operation["security"] for name in choice} <= schemes


async def test_schema_says_bounds_and_spellings(described: dict[str, Any]) -> None:
    """What JSON Schema has a word for is said with that word, and both names of a field are known."""
    fields = described["components"]["schemas"]["DequeueRequest"]["properties"]

    assert (fields["wait_seconds"]["minimum"], fields["wait_seconds"]["maximum"]) == (0, 20)
    assert "Also called `queue`." in fields["queue_name"]["description"]
    assert not re.search(r'"(ge|le|gt|lt)":', str(described).replace("'", '"'))


async def test_docs_page_needs_no_script_and_no_other_host(api: Api) -> None:
    """The page shows every route in plain HTML: it can be read without a network."""
    response = await api.raw("GET", "/docs")
    page = response.text

    assert response.headers["content-type"] == "text/html; charset=utf-8"
    for endpoint in ENDPOINTS:
        assert f'<details id="{endpoint.operation_id}">' in page
    assert "<script" not in page
    assert re.findall(r'(?:src|href)="(?!#|/openapi\.json")', page) == []
    links = set(re.findall(r'href="#([^"]+)"', page))
    assert links - set(re.findall(r'id="([^"]+)"', page)) == set()


@pytest.mark.parametrize("path", ["/docs", "/openapi.json"])
async def test_documentation_has_the_common_headers(api: Api, path: str) -> None:
    """The two pages can be read from another origin and carry a request id."""
    response = await api.raw("GET", path, headers={"X-Request-Id": "mine"})

    assert response.headers["access-control-allow-origin"] == "*"
    assert response.headers["x-request-id"] == "mine"
