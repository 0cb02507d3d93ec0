"""One of everything that the contract's routes take an id of, made over the API."""

import uuid
from dataclasses import dataclass
from typing import Any

from tests.support.api import Tenant


@dataclass
class World:
    """The ids by the names that rows give them."""

    names: dict[str, str]

    @classmethod
    async def of(cls, org: Tenant) -> "World":
        made = await org.post("/api-keys", {"name": "Another"}, 201)
        session = await org.post("/auth/login", {"api_key": made["key"]})
        names = {
            "org": org.org_id,
            "new_slug": f"c-{uuid.uuid4().hex[:16]}",
            "key": made["id"],
            "key_text": made["key"],
            "access_token": session["access_token"],
            "refresh_token": session["refresh_token"],
            "dead": (await org.bury())["id"],
            "done": await _done(org),
        }
        running = await org.push(max_retries=1)
        names["running"] = running["id"]
        names["lease"] = (await org.dequeue())["lease_id"]
        names["job"] = (await org.push(idempotency_key="known"))["id"]
        names["other"] = (await org.push())["id"]
        worker = await org.post("/workers/register", {"queue_name": "emails", "hostname": "h"}, 201)
        names["worker"] = worker["id"]
        schedule = {"name": "N", "cron_expression": "0 0 1 1 *", "queue": "emails", "payload": {}}
        member = {"email": f"{names['new_slug']}-m@example.com", "role": "member"}
        names["user"] = (await org.post(f"/organizations/{org.org_id}/members", member, 201))["user_id"]
        names["schedule"] = (await org.post("/schedules", schedule, 201))["id"]
        await org.post(f"/schedules/{names['schedule']}/trigger")
        return cls(names | await _workflows(org) | await _webhook(org))

    def fill(self, value: Any) -> Any:
        """The value with the world's ids in the place of their names."""
        if isinstance(value, dict):
            return {name: self.fill(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self.fill(item) for item in value]
        if isinstance(value, str):
            for name, public_id in self.names.items():
                value = value.replace("{" + name + "}", public_id)
        return value


async def _done(org: Tenant) -> str:
    job_id: str = (await org.push())["id"]
    await org.dequeue()
    await org.post(f"/jobs/{job_id}/complete", {"result": {"sent": True}})
    return job_id


async def _workflows(org: Tenant) -> dict[str, str]:
    """A workflow that runs, of two steps, and one that failed."""
    steps = [
        {"key": "a", "queue": "steps", "payload": {"job_type": "first"}},
        {"key": "b", "queue": "steps", "payload": {}, "depends_on": ["a"]},
    ]
    broken = await org.post("/workflows", {"name": "Broken", "jobs": steps}, 201)
    first = await org.dequeue("steps")
    await org.post(f"/jobs/{first['id']}/fail", {"error": "no", "no_retry": True})
    runs = await org.post("/workflows", {"name": "Runs", "jobs": steps}, 201)
    await org.dequeue("steps")
    return {"broken": broken["id"], "workflow": runs["id"], "step_b": runs["job_ids"][1]["job_id"]}


async def _webhook(org: Tenant) -> dict[str, str]:
    """A webhook that has heard of a job."""
    body = {"name": "Alerts", "url": "http://127.0.0.1:1/in", "events": ["job.created"]}
    webhook_id: str = (await org.post("/outgoing-webhooks", body, 201))["id"]
    await org.push("heard")
    (delivery,) = await org.get(f"/outgoing-webhooks/{webhook_id}/deliveries")
    return {"webhook": webhook_id, "delivery": delivery["id"]}
