"""What tests do with the official Python client."""

import uuid
from typing import Any

import httpx
import spooled


def new_key(url: str) -> str:
    """The first key of a new organization of a running service."""
    body = {"name": "Client", "slug": f"client-{uuid.uuid4().hex[:12]}"}
    made = httpx.post(f"{url}/api/v1/organizations", json=body, timeout=30).json()
    return str(made["api_key"]["key"])


def push(client: spooled.SpooledClient, queue: str = "emails", **fields: Any) -> str:
    """The id of a new job."""
    return client.jobs.create({"queue_name": queue, "payload": {}, **fields}).id


def take(client: spooled.SpooledClient, queue: str = "emails") -> dict[str, Any]:
    """Claim the next job, and give what settles it."""
    (job,) = client.jobs.claim({"queue_name": queue, "worker_id": "w1"}).jobs
    return {"worker_id": "w1", "lease_id": job.lease_id}


def settle(client: spooled.SpooledClient, job: str, status: str) -> None:
    """Bring the only job of its queue to its end."""
    if status == "cancelled":
        client.jobs.cancel(job)
    elif status == "completed":
        client.jobs.complete(job, take(client) | {"result": {"sent": True}})
    else:
        client.jobs.fail(job, take(client) | {"error": "broken"})
