"""The route table as tests use it: each route with a path and a body that its own models call good."""

import uuid
from dataclasses import dataclass, field
from typing import Any

from functions.app import every_function
from shared.edge import Endpoint
from tests.support.api import Tenant

ENDPOINTS = sorted(every_function()[0], key=lambda endpoint: endpoint.operation_id)
V1 = "/api/v1"
GOOD: dict[str, Any] = {
    "slug": None,  # unique each time
    "email": None,  # as above
    "cron_expression": "0 9 * * *",
    "events": ["job.created"],
    "timezone": "UTC",
    "url": "http://127.0.0.1:1/in",  # a test of a webhook finds nobody there
    "confirm": True,
    "wait_seconds": 0,
}
"""Values of fields whose rule no schema can say."""
KINDS = {
    "job_id": "job",
    "schedule_id": "sched",
    "workflow_id": "wf",
    "step_id": "step",
    "organization_id": "org",
    "org_id": "org",
    "key_id": "key",
    "queue_name": "name",
    "worker_id": "worker",
    "webhook_id": "wh",
    "delivery_id": "dlv",
    "user_id": "user",
    "act_id": "act",
    "file": "file",
    "provider": "provider",
}
"""The prefix of the ids that a path parameter takes; queues go by name."""
OF_A_WAITING_JOB = {"jobs_priority"}
"""Routes to which a job that runs is not there."""
CREATES_BY_PATH = {"queues_configure", "organizations_webhook_secret_rotate"}
"""Routes whose path names what is to be made, or what each has: nobody's thing is not missing there."""


def by_name(endpoint: Endpoint) -> str:
    return endpoint.operation_id


def schema_of(endpoint: Endpoint) -> dict[str, Any] | None:
    return endpoint.body_model.model_json_schema() if endpoint.body_model else None


def resolved(schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    """The schema behind a reference or the first choice that is not null."""
    while True:
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            schema = root["$defs"][name] if name != "JsonValue" else {}
        elif "anyOf" in schema:
            schema = next(choice for choice in schema["anyOf"] if choice.get("type") != "null")
        else:
            return schema


def good_value(name: str, schema: dict[str, Any], root: dict[str, Any]) -> Any:
    """A value that the schema of a field accepts."""
    if name == "slug":
        return f"s-{uuid.uuid4().hex[:16]}"
    if name == "email":
        return f"e-{uuid.uuid4().hex[:16]}@example.com"
    if name in GOOD:
        return GOOD[name]
    schema = resolved(schema, root) | {key: schema[key] for key in ("examples",) if key in schema}
    if "examples" in schema:
        return schema["examples"][0]
    if "enum" in schema:
        return schema["enum"][0]
    kinds = {
        "string": "2040-01-01T00:00:00Z"
        if schema.get("format") == "date-time"
        else "x" * schema.get("minLength", 1),
        "integer": schema.get("minimum", 1),
        "number": schema.get("minimum", 1),
        "boolean": True,
        "null": None,
    }
    kind = schema.get("type")
    if kind == "object":
        return good_object(schema, root)
    if kind == "array":
        return [good_value("", schema.get("items", {}), root) for _ in range(schema.get("minItems", 0))]
    return kinds.get(str(kind), {"n": 1})


def good_object(schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    """The required fields of an object, each with a good value."""
    required = schema.get("required", ())
    return {
        name: good_value(name, field, root)
        for name, field in schema.get("properties", {}).items()
        if name in required
    }


def good_body(endpoint: Endpoint) -> Any:
    schema = schema_of(endpoint)
    return None if schema is None else good_object(schema, schema)


@dataclass
class World:
    """An organization in which one of everything exists, made through the route table itself."""

    tenant: Tenant
    ids: dict[str, list[str]] = field(default_factory=dict)
    webhook_token: str = ""

    @classmethod
    async def of(cls, tenant: Tenant) -> "World":
        world = cls(
            tenant, {"org": [tenant.org_id], "name": ["emails"], "file": ["main.js"], "provider": ["github"]}
        )
        for endpoint in ENDPOINTS:
            if endpoint.method == "POST" and "{" not in endpoint.path and endpoint.access == "key":
                world.learn(await tenant.call("POST", endpoint.path, json=good_body(endpoint)))
        key = await tenant.post(f"/organizations/{tenant.org_id}/api-keys", {"name": "World"}, 201)
        world.learn(key)
        body = {"act": "retry", "filter": {}}
        previewed = await tenant.post("/jobs/acts/preview", body)
        world.learn(await tenant.post("/jobs/acts", body | {"token": previewed["token"]}, 202))
        world.webhook_token = (await tenant.get("/organizations/webhook-token"))["token"]
        members = f"/organizations/{tenant.org_id}/members"
        member = await tenant.post(members, {"email": good_value("email", {}, {}), "role": "admin"}, 201)
        world.ids["user"] = [member["user_id"]]
        world.ids["waiting"] = [(await tenant.push("waiting"))["id"]]  # the routes above took the other job
        for delivery in await tenant.get(f"/outgoing-webhooks/{world.ids['wh'][-1]}/deliveries"):
            world.learn(delivery)
        return world

    def learn(self, answer: Any) -> None:
        """Remember the id of what was made."""
        public_id = answer.get("id") if isinstance(answer, dict) else None
        if isinstance(public_id, str):
            self.ids.setdefault(public_id.partition("_")[0], []).append(public_id)
        for step in answer.get("job_ids", ()) if isinstance(answer, dict) else ():
            self.ids.setdefault("step", []).append(step["job_id"])

    def path(self, endpoint: Endpoint, unknown: str = "") -> str:
        """The path of a route with this organization's own ids, or with the unknown one."""
        parts = endpoint.path.split("/")
        kinds = KINDS | ({"job_id": "waiting"} if endpoint.operation_id in OF_A_WAITING_JOB else {})
        return "/".join(
            (unknown or self.ids[kinds[part[1:-1]]][-1]) if part.startswith("{") else part for part in parts
        )

    def headers(self, endpoint: Endpoint) -> dict[str, str]:
        """What opens a route besides the key."""
        if endpoint.access == "admin":
            return {"X-Admin-Key": "admin-key-for-tests"}
        if endpoint.tag == "inbound":
            return {"X-Webhook-Token": self.webhook_token, "X-GitHub-Event": "push"}
        return {}
