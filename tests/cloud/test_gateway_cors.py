"""Once CORS is configured the gateway speaks of it, and no function does."""

import pytest

from localstack.cloud.deployed import DeployedCors
from tests.support.gateway import Behind, gateway

ORIGIN = "https://app.example.com"
PREFLIGHT = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}
OWN = {
    "statusCode": 200,
    "headers": {"Access-Control-Allow-Origin": "https://function", "access-control-max-age": "1"},
}


def cors(*origins: str) -> DeployedCors:
    return DeployedCors(origins, ("GET", "POST"), ("authorization", "content-type"), ("x-has-more",), 600)


def spoken(headers: dict[str, str]) -> dict[str, str]:
    """What is said of CORS."""
    return {
        name.removeprefix("access-control-"): value
        for name, value in headers.items()
        if name.startswith("access-control-")
    }


@pytest.mark.parametrize(
    ("origins", "allowed"),
    [(("*",), "*"), ((ORIGIN,), ORIGIN), (("https://*",), ORIGIN), (("http://*", "https://other"), None)],
)
async def test_a_browser_is_told_by_the_gateway(origins: tuple[str, ...], allowed: str | None) -> None:
    """A preflight never reaches a function; an origin that is not allowed hears nothing of CORS."""
    behind = Behind()
    async with gateway(behind, cors=cors(*origins)) as client:
        answer = await client.options("/jobs", headers=PREFLIGHT)

    told = {
        "allow-origin": allowed,
        "allow-methods": "GET,POST",
        "allow-headers": "authorization,content-type",
        "max-age": "600",
    }
    assert (answer.status_code, answer.content, behind.events) == (204, b"", [])
    assert spoken(dict(answer.headers)) == (told if allowed else {})


@pytest.mark.parametrize("failed", [False, True])
async def test_the_functions_own_headers_are_replaced(failed: bool) -> None:  # noqa: FBT001
    """The configuration alone counts, for refusals of the gateway too; without an origin nothing is said."""
    async with gateway(Behind(OWN, failed=failed), cors=cors("*")) as client:
        with_origin = await client.get("/", headers={"Origin": ORIGIN})
        without = await client.get("/")

    assert spoken(dict(with_origin.headers)) == {"allow-origin": "*", "expose-headers": "x-has-more"}
    assert spoken(dict(without.headers)) == {}


async def test_without_a_configuration_the_function_speaks() -> None:
    """Its headers go out and it gets the preflight."""
    behind = Behind(OWN)
    async with gateway(behind) as client:
        answer = await client.options("/jobs", headers=PREFLIGHT)

    assert spoken(dict(answer.headers)) == {"allow-origin": "https://function", "max-age": "1"}
    assert len(behind.events) == 1


async def test_options_that_is_no_preflight_goes_to_its_route() -> None:
    """Without origin and method it asks what any client may ask."""
    behind = Behind()
    async with gateway(behind, cors=cors("*")) as client:
        await client.options("/jobs")

    assert behind.events[0]["requestContext"]["http"]["method"] == "OPTIONS"
