"""Why a settle was refused, as it is found out afterwards."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.errors import ConflictError, LeaseExpiredError, OtherWorkerError, SpooledError
from shared.jobs.refusal import Hold, Said, _reason

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HELD: dict[str, Any] = {
    "state": "processing",
    "lease_id": 7,
    "worker_id": "w1",
    "leased_until": NOW + timedelta(seconds=30),
}
PENDING: dict[str, Any] = {"state": "pending", "lease_id": None, "worker_id": None, "leased_until": None}


@pytest.mark.parametrize(
    ("state", "lease_id", "worker_id", "error"),
    [
        (HELD | {"leased_until": NOW}, None, None, LeaseExpiredError),
        (HELD, 6, "w1", LeaseExpiredError),
        (HELD, 7, "w2", OtherWorkerError),
        (PENDING, 7, "w1", LeaseExpiredError),
        (PENDING, None, None, ConflictError),
        # Pending when it was refused, and claimed by somebody since.
        (HELD, None, None, ConflictError),
    ],
)
def test_each_refusal_has_its_reason(
    state: dict[str, Any], lease_id: int | None, worker_id: str | None, error: type[SpooledError]
) -> None:
    """A lease counts as lost only for one who had it, or when it is over."""
    told = _reason(state, Said(Hold(1, lease_id), worker_id, NOW))

    assert type(told) is error
