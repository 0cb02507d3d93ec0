"""The official Python client at a limit of its plan: it says which one, and does not try again."""

import uuid

import httpx
import pytest
import spooled
from spooled.errors import QuotaExceededError

from tests.support.run import started

WORKFLOW = {"name": "w", "jobs": [{"key": "a", "queue_name": "emails", "payload": {}}]}


def test_a_plan_limit_is_a_quota_that_is_not_retried(tmp_path_factory: pytest.TempPathFactory) -> None:
    """QuotaExceededError names the resource and its figures after one request, with retries left."""
    home = tmp_path_factory.mktemp("limited") / "data"
    with started(home, settings={"DEFAULT_PLAN": "free"}) as run:
        body = {"name": "Client", "slug": f"client-{uuid.uuid4().hex[:12]}"}
        made = httpx.post(f"{run.url}/api/v1/organizations", json=body).json()
        with (
            spooled.SpooledClient(api_key=made["api_key"]["key"], base_url=run.url) as client,
            pytest.raises(QuotaExceededError) as refused,
        ):
            client.workflows.create(WORKFLOW)
        metrics = httpx.get(f"{run.url}/metrics").text

    assert (refused.value.resource, refused.value.current, refused.value.limit) == ("workflows", 0, 0)
    assert (refused.value.plan, refused.value.upgrade_to) == ("free", "starter")
    (count,) = [
        line.rpartition(" ")[2]
        for line in metrics.splitlines()
        if "/api/v1/workflows" in line and '"429"' in line
    ]
    assert float(count) == 1
