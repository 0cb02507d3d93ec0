"""An organization in which there is one of everything, all of it in one queue and all of it marked."""

import uuid
from dataclasses import dataclass, field
from typing import Any

from shared import ids
from tests.support.api import Tenant
from tests.support.inbound import custom, set_settings, token_of

Json = Any
_PREFIXES = ("job", "wf", "sched", "wh", "dlv", "key", "act", "run", "org", "aud", "cause")
_UNKNOWN = 7_777_777_777_777_777


@dataclass
class Estate:
    """What others must not learn of, change or tell from what is not there.

    mark: in every text that can be chosen. queue: where everything is. named: ids and names by what they are.
    """

    org: Tenant
    mark: str
    queue: str
    named: dict[str, str] = field(default_factory=dict)

    @property
    def secrets(self) -> list[str]:
        """What no answer to others may hold, unless they named it themselves."""
        return sorted({self.mark, self.queue, *self.named.values()}, key=len, reverse=True)

    def twin(self, text: str) -> str:
        """The same text about things that are nowhere."""
        for place, known in enumerate(self.secrets):
            text = text.replace(known, _twin_of(known, place))
        return text

    def plain(self, text: str) -> str:
        """An answer in which nothing tells this estate from its twin."""
        for place, known in enumerate(self.secrets):
            text = text.replace(known, f"<{place}>").replace(_twin_of(known, place), f"<{place}>")
        return text


def _twin_of(known: str, place: int) -> str:
    prefix = known.partition("_")[0]
    if prefix in _PREFIXES and "_" in known:
        return ids.encode(prefix, _UNKNOWN + place)
    return f"twin-{place:02}-{'x' * 12}"


async def estate_of(org: Tenant) -> Estate:
    """Make everything there is, by the API."""
    mark = f"mark-{uuid.uuid4().hex}"
    estate = Estate(org, mark, f"vault-{uuid.uuid4().hex[:20]}")
    known = estate.named
    known["org"] = org.org_id
    known["webhook_token"] = await token_of(org)
    await _people_and_settings(estate)
    await _jobs(estate)
    await _others(estate)
    await _acts(estate)
    known["audit"] = (await org.get("/audit"))[0]["id"]
    return estate


async def _people_and_settings(estate: Estate) -> None:
    org, known = estate.org, estate.named
    key = await org.post("/api-keys", {"name": estate.mark, "queues": [estate.queue]}, 201)
    known["key"], known["secret key"] = key["id"], key["key"]
    path = f"/organizations/{org.org_id}/members"
    member = await org.post(path, {"email": f"{estate.mark}@example.com", "role": "member"}, 201)
    known["user"], known["member"] = member["user_id"], member["id"]
    await set_settings(org, webhook_queue=estate.queue, note=estate.mark, github_webhook_secret=estate.mark)
    sent = await custom(org, known["webhook_token"], queue_name=estate.queue, payload={"n": estate.mark})
    known["of a webhook"] = sent.json()["job_id"]


async def _jobs(estate: Estate) -> None:
    org, known, queue = estate.org, estate.named, estate.queue
    marked: Json = {"payload": {"job_type": estate.mark}, "tags": [estate.mark]}
    await org.put(f"/queues/{queue}/config", {"settings": {"description": estate.mark}})
    worker = {"queue_name": queue, "hostname": estate.mark, "worker_id": f"w-{estate.mark}"}
    known["worker"] = (await org.post("/workers/register", worker, 201))["id"]
    for name, priority in (("dead", 50), ("done", 40), ("running", 30)):
        pushed = await org.push(queue, priority=priority + 50, **marked)
        taken = await org.dequeue(queue, worker_id=worker["worker_id"])
        assert taken["id"] == pushed["id"]
        known[name] = pushed["id"]
    known["lease"] = taken["lease_id"]
    await org.post(f"/jobs/{known['dead']}/fail", {"error": estate.mark, "no_retry": True})
    await org.post(f"/jobs/{known['done']}/complete", {"result": estate.mark})
    waiting = await org.push(queue, idempotency_key=estate.mark, parent_job_id=known["running"], **marked)
    known["job"] = waiting["id"]
    later = await org.push(queue, delay_seconds=86_400, **marked)
    known["later"] = later["id"]
    known["cause"] = (await org.get("/jobs/dlq/causes"))[0]["id"]


async def _others(estate: Estate) -> None:
    org, known, queue = estate.org, estate.named, estate.queue
    steps = [
        {"key": "a", "queue": queue, "payload": {"n": estate.mark}},
        {"key": "b", "queue": queue, "payload": {}, "depends_on": ["a"]},
    ]
    made = await org.post("/workflows", {"name": estate.mark, "jobs": steps}, 201)
    known["workflow"] = made["id"]
    known["step"], known["next step"] = (step["job_id"] for step in made["job_ids"])
    schedule = {"name": estate.mark, "queue": queue, "cron_expression": "0 9 * * *"}
    planned = await org.post("/schedules", schedule | {"payload": {"n": estate.mark}}, 201)
    known["schedule"] = planned["id"]
    known["of a schedule"] = (await org.post(f"/schedules/{planned['id']}/trigger"))["job_id"]
    hook = {"name": estate.mark, "url": f"http://127.0.0.1:1/{estate.mark}", "events": ["job.created"]}
    known["webhook"] = (await org.post("/outgoing-webhooks", hook, 201))["id"]
    await org.post(f"/outgoing-webhooks/{known['webhook']}/test")
    await org.push(queue, payload={"n": estate.mark})
    (delivery, *_) = await org.get(f"/outgoing-webhooks/{known['webhook']}/deliveries")
    known["delivery"] = delivery["id"]


async def _acts(estate: Estate) -> None:
    body = {"act": "set_priority", "filter": {"queue_name": estate.queue}, "arguments": {"priority": 1}}
    previewed = await estate.org.post("/jobs/acts/preview", body)
    estate.named["act token"] = previewed["token"]
    begun = await estate.org.post("/jobs/acts", body | {"token": previewed["token"]}, 202)
    estate.named["act"] = begun["id"]
