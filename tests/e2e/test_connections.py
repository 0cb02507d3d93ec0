"""What only a real connection shows: the server beneath counts the bytes of an answer."""

import httpx
import pytest


@pytest.mark.parametrize(
    ("path", "status"), [("/health", 200), ("/docs", 200), ("/api/v1/jobs", 401), ("/nothing", 404)]
)
def test_head_leaves_the_connection_usable(service_url: str, path: str, status: int) -> None:
    """A monitor that asks with HEAD can ask again on the same connection."""
    with httpx.Client(base_url=service_url, limits=httpx.Limits(max_connections=1)) as client:
        asked = [client.head(path), client.head(path), client.get(path)]

    assert [answer.status_code for answer in asked] == [status] * 3
