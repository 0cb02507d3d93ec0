"""Requests that are good for the owner of an estate, for others to send: what can name its things does."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from shared.edge import Endpoint
from tests.rights.estate import Estate
from tests.support.routes import good_body

PARAMETERS = {
    "job_id": ("job", "running", "dead", "done", "step"),
    "schedule_id": ("schedule",),
    "workflow_id": ("workflow",),
    "step_id": ("step",),
    "organization_id": ("org",),
    "org_id": ("org",),
    "key_id": ("key",),
    "queue_name": ("queue",),
    "worker_id": ("worker",),
    "webhook_id": ("webhook",),
    "delivery_id": ("delivery",),
    "user_id": ("user",),
    "act_id": ("act",),
    "file": ("mark",),
    "provider": ("mark",),
}
"""The things that a path can name; where there are several, one request for each."""
NAMING = ("_id", "_ids", "_name", "_names", "queues", "_on", "_key", "_token")
"""What the names of fields end in that name things."""
OTHERS = {"actor", "after", "cause", "filter", "ids", "job_type", "jobs", "q", "search", "tag", "token"}
"""Fields that can name or tell of things, though their names do not say so."""
NOT_OF_A_TENANT = {
    "trace_id",
    "stripe_customer_id",
    "stripe_subscription_id",
    "refresh_token",
    "signup_token",
    "last_event_id",
    "api_key",
}
"""What names nothing of an organization, or is a credential itself."""
AFTER = {"schedules": "schedule", "workflows": "workflow", "audit": "audit"}


@dataclass(frozen=True)
class Aimed:
    """One request."""

    method: str
    path: str
    query: dict[str, Any]
    body: bytes | None

    @property
    def text(self) -> str:
        """All that it names."""
        return f"{self.path} {self.query} {(self.body or b'').decode()}"

    def twin(self, estate: Estate) -> "Aimed":
        """The same about what is nowhere."""
        query = {name: estate.twin(str(value)) for name, value in self.query.items()}
        body = None if self.body is None else estate.twin(self.body.decode()).encode()
        return Aimed(self.method, estate.twin(self.path), query, body)


def naming_fields(endpoint: Endpoint) -> set[str]:
    """The fields of body and query that name things."""
    models = [model for model in (endpoint.body_model, endpoint.query_model) if model is not None]
    fields = {name for model in models for name in model.model_json_schema().get("properties", {})}
    return {name for name in fields if name.endswith(NAMING) or name in OTHERS} - NOT_OF_A_TENANT


def value_of(field: str, endpoint: Endpoint, estate: Estate) -> Any:
    """What a field names of the estate. Raises KeyError for a field that nobody has thought of."""
    known = estate.named
    jobs = [known[name] for name in ("job", "running", "dead", "done", "step")]
    held = {"worker_id": known["worker"], "lease_id": known["lease"]}
    batches = {
        "jobs_bulk": [{"payload": 1, "queue_name": estate.queue, "idempotency_key": estate.mark}],
        "workflows_create": [{"key": "a", "queue_name": estate.queue, "payload": 1}],
        "jobs_fail_batch": [{"id": job, "error": "x", **held} for job in jobs],
    }
    values: dict[str, Any] = {
        "queue_name": estate.queue,
        "queues": [estate.queue],
        "queue_names": [estate.queue],
        "parent_job_id": known["job"],
        "job_id": known["job"],
        "job_ids": jobs,
        "ids": ",".join(jobs),
        "depends_on": [known["job"]],
        "jobs": batches.get(endpoint.operation_id, [{"id": job, **held} for job in jobs]),
        "filter": {"queue_name": estate.queue, "job_ids": jobs},
        "after": known[AFTER.get(endpoint.tag, "later")],
        "actor": known["key"],
        "cause": known["cause"],
        "q": estate.queue,
        "tag": estate.mark,
        "job_type": estate.mark,
        "token": known["act token"],
        "idempotency_key": estate.mark,
        "search": estate.mark,
        **held,
    }
    return values[field]


def aimed(endpoint: Endpoint, estate: Estate, home: str) -> Iterator[Aimed]:
    """Requests to a route: each field that names things alone, all of them together, and none.

    home: a queue that the caller may use, where a request has to name one and is about something else.
    """
    of_body = endpoint.body_model.model_json_schema().get("properties", {}) if endpoint.body_model else {}
    named = {name: value_of(name, endpoint, estate) for name in naming_fields(endpoint)}
    in_body = {name: value for name, value in named.items() if name in of_body}
    in_query = {name: value for name, value in named.items() if name not in of_body}
    bodies: list[bytes | None] = [None]
    if endpoint.body_model is not None:
        good = at_home(good_body(endpoint), home) | _special(endpoint, estate)
        forms = [good, good | in_body, *({**good, name: value} for name, value in in_body.items())]
        forms += [good | nested for nested in _nested(endpoint, estate, home)]
        bodies = [*dict.fromkeys(map(orjson.dumps, forms))]
    queries = [{}, in_query, *({name: value} for name, value in in_query.items())]
    for path in _paths(endpoint.path, estate):
        for body in bodies:
            for query in queries if in_query else [{}]:
                yield Aimed(endpoint.method, path, query, body)


def at_home(body: Any, home: str) -> Any:
    """A body in which every queue is one that the caller may use."""
    if isinstance(body, list):
        return [at_home(item, home) for item in body]
    if isinstance(body, dict):
        return {name: home if name == "queue_name" else at_home(value, home) for name, value in body.items()}
    return body


def _nested(endpoint: Endpoint, estate: Estate, home: str) -> Iterator[dict[str, Any]]:
    """Bodies that name things within lists and objects, one thing each."""
    known, job = estate.named, {"payload": 1, "queue_name": home}
    if endpoint.operation_id == "jobs_bulk":
        yield {"jobs": [job | {"parent_job_id": known["job"]}, job | {"idempotency_key": estate.mark}]}
        yield {"jobs": [job | {"queue_name": estate.queue}]}
    if endpoint.operation_id == "workflows_create":
        yield {"jobs": [job | {"key": "a"}, job | {"key": "b", "depends_on": [known["job"]]}]}
    if endpoint.operation_id.startswith("jobs_complete"):
        yield {"claim_next": {"queue_name": estate.queue}}
    if endpoint.operation_id.startswith("jobs_acts"):
        wanted = {"queue_name": estate.queue, "q": known["job"], "tag": estate.mark, "cause": known["cause"]}
        for name, value in (wanted | {"job_type": estate.mark, "job_ids": [known["job"]]}).items():
            yield {"filter": {name: value}}
            yield {"act": "retry", "arguments": {}, "filter": {name: value}}
        yield {"act": "move", "arguments": {"queue_name": estate.queue}, "filter": {"queue_name": home}}


def _special(endpoint: Endpoint, estate: Estate) -> dict[str, Any]:
    """What a route wants besides what its fields say."""
    if endpoint.operation_id == "queues_create":
        return {"name": estate.queue}
    if endpoint.operation_id.startswith("jobs_acts"):
        return {"act": "set_priority", "arguments": {"priority": 7}}
    if endpoint.operation_id in {"jobs_dlq_purge", "organizations_webhook_token_clear"}:
        return {"confirm": True}
    if endpoint.operation_id == "queues_delete":
        return {"delete_jobs": True}
    return {}


def _paths(path: str, estate: Estate) -> Iterator[str]:
    parts = path.split("/")
    place = next((n for n, part in enumerate(parts) if part.startswith("{")), None)
    if place is None:
        yield path
        return
    things = {"queue": estate.queue, "mark": estate.mark} | estate.named
    for kind in PARAMETERS[parts[place][1:-1]]:
        filled = "/".join([*parts[:place], things[kind], *parts[place + 1 :]])
        yield from _paths(filled, estate)
