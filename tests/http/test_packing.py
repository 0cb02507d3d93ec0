"""Long answers are packed for callers that unpack them."""

import gzip

import pytest

from tests.support.api import Tenant

LONG = 20_000


async def _bytes_of(org: Tenant, method: str, path: str, accepted: str) -> tuple[bytes, str, int]:
    """What goes over the wire, its encoding, and the length that is told."""
    request = org.client.build_request(
        method, f"/api/v1{path}", headers={"Authorization": f"Bearer {org.key}", "Accept-Encoding": accepted}
    )
    answer = await org.client.send(request, stream=True)
    raw = b"".join([chunk async for chunk in answer.aiter_raw()])
    return raw, answer.headers.get("content-encoding", ""), int(answer.headers["content-length"])


@pytest.mark.parametrize(
    ("size", "accepted", "encoding"),
    [(LONG, "br, gzip", "gzip"), (LONG, "identity", ""), (LONG, "gzip;q=0", ""), (10, "gzip", "")],
)
async def test_a_long_answer_is_packed_for_who_unpacks(
    org: Tenant, size: int, accepted: str, encoding: str
) -> None:
    """It is the same when it is unpacked; a short one, and one for who does not ask, goes as it is."""
    job = await org.push(payload={"text": "x" * size})

    raw, sent_as, length = await _bytes_of(org, "GET", f"/jobs/{job['id']}", accepted)

    assert (sent_as, length) == (encoding, len(raw))
    assert b"x" * size in (gzip.decompress(raw) if encoding else raw)
    if encoding:
        assert len(raw) < size / 10
