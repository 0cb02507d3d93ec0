"""Workflows as a test says them: steps by their keys."""

from typing import Any

from tests.support.api import Tenant


def step(key: str, *parents: str, **fields: Any) -> dict[str, Any]:
    return {"key": key, "queue_name": "steps", "payload": {}, "depends_on": list(parents), **fields}


async def made(org: Tenant, *steps: dict[str, Any], status: int = 201) -> Any:
    return await org.post("/workflows", {"name": "w", "jobs": list(steps)}, status)


async def take(org: Tenant, queue: str = "steps") -> dict[str, dict[str, Any]]:
    """All steps that can run now, by their keys."""
    claimed = await org.post("/jobs/claim", {"queue_name": queue, "worker_id": "w", "limit": 100})
    return {job["key"]: job for job in claimed["jobs"]}


async def complete(org: Tenant, job: dict[str, Any], result: Any = None, status: int = 200) -> Any:
    body = {"lease_id": job["lease_id"], "result": result}
    return await org.post(f"/jobs/{job['id']}/complete", body, status)


async def bury(org: Tenant, job: dict[str, Any]) -> Any:
    return await org.post(f"/jobs/{job['id']}/fail", {"error": "broken", "no_retry": True})


async def statuses(org: Tenant, workflow_id: str) -> dict[str, str]:
    return {job["key"]: job["status"] for job in await org.get(f"/workflows/{workflow_id}/jobs/status")}
