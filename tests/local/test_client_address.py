"""The client's address is the one that connected, until an operator names a proxy."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from shared.edge.throttle import LOGIN_BURST
from tests.support.run import started

PROXY = {"FORWARDED_ALLOW_IPS": "127.0.0.1"}
MANY = 2 * LOGIN_BURST
WRONG = {"api_key": "sk_live_wrong-key"}


def logins_through(run_url: str) -> Iterator[int]:
    """Statuses of wrong logins, each of which claims to come from another address."""
    with httpx.Client(base_url=run_url) as client:
        for number in range(MANY):
            headers = {"X-Forwarded-For": f"192.0.2.{number}"}
            yield client.post("/api/v1/auth/login", json=WRONG, headers=headers).status_code


@pytest.mark.parametrize(
    ("settings", "statuses"), [({}, {401, 429}), (PROXY, {401})], ids=["nobody trusted", "proxy trusted"]
)
def test_a_guesser_cannot_choose_an_address(
    tmp_path: Path, settings: dict[str, str], statuses: set[int]
) -> None:
    """X-Forwarded-For of a stranger changes nothing; that of a named proxy tells its clients apart."""
    with started(tmp_path, settings=settings) as run:
        assert set(logins_through(run.url)) == statuses
