"""Parameters of statements that name the things of an organization in which there is one of everything."""

from datetime import datetime, timedelta
from typing import Any

from shared import ids
from tests.rights.estate import Estate
from tests.support.bystander import Named

LARGEST = 2**62
_MANY = ("limit", "page", "need", "most", "cap", "readable", "sample")
_NOTHING = ("after", "after_org", "after_target", "offset", "first_id", "q_first", "since_id")
_ALL = ("last_id", "q_last", "below", "before_id", "until_seq")
_IDS = ("job", "running", "dead", "done", "step", "schedule", "workflow", "webhook", "key", "act", "audit")
_OF_DELIVERY = "delivery"
_LATER = (
    "silent_since",
    "told_before",
    "kept_since",
    "heard_since",
    "offline_since",
    "day_slot",
    "hour_slot",
)


def key_of(estate: Estate, name: str) -> int:
    """The key in the database of a thing."""
    public = estate.named[name]
    return ids.decode(public.partition("_")[0], public)


def parameters(estate: Estate, org_id: int, now: datetime) -> Named:
    """What most statements are given."""
    jobs = [key_of(estate, name) for name in ("job", "running", "dead", "done", "later", "step", "next step")]
    webhook, schedule = key_of(estate, "webhook"), key_of(estate, "schedule")
    values: dict[str, dict[str, Any]] = {
        "bigint": {
            **dict.fromkeys(_MANY, 100),
            **dict.fromkeys(_NOTHING, 0),
            **dict.fromkeys(_ALL, LARGEST),
            "org_id": org_id,
            "id": jobs[0],
            "job_id": jobs[0],
            "child_id": key_of(estate, "next step"),
            "workflow_id": key_of(estate, "workflow"),
            "webhook_id": webhook,
            "act_id": key_of(estate, "act"),
            "key_id": key_of(estate, "key"),
            "user_id": key_of(estate, "user"),
            "cause": key_of(estate, "cause"),
        },
        "bigint[]": {
            "org_ids": [org_id],
            "ids": jobs,
            "job_ids": jobs,
            "child_ids": [key_of(estate, "next step")],
            "parent_ids": [key_of(estate, "step")],
            "keys": [key_of(estate, "key")],
            "users": [key_of(estate, "user")],
            "lease_ids": [key_of(estate, "lease")],
            "targets": [webhook],
            "schedules": [schedule],
            "run_schedules": [schedule],
            "parents": [jobs[0]],
        },
        "text": {
            "queue": estate.queue,
            "worker_id": estate.named["worker"],
            "id": estate.named["worker"],
            "tag": estate.mark,
            "job_type": estate.mark,
            "name": estate.queue,
            "plan_tier": "pro",
            "token": estate.mark,
        },
        "text[]": {
            **{name: [estate.queue] for name in ("queues", "key_queues", "seen_queues")},
            "keys": [estate.mark],
            "states": ["pending", "deadletter", "completed"],
            "worker_ids": [estate.named["worker"]],
            "payloads": ["{}"],
        },
        "timestamp with time zone": {
            **dict.fromkeys(
                ("created_before", "older_than", "until", "window_began"), now + timedelta(days=1)
            ),
            **dict.fromkeys(("now", "previewed_at", "late_since"), now + timedelta(minutes=5)),
            "held_at": now,
        },
        "timestamp with time zone[]": {"holders_at": [now]},
        "boolean": {"lapsed": False},
    }
    return {(name, kind): value for kind, named in values.items() for name, value in named.items()}


def aims(estate: Estate, slug: str, now: datetime) -> list[Named]:
    """What statements are given besides, until one does something for the owner of it all."""
    nothing: Named = {
        ("", kind): None for kind in ("text", "bigint", "integer", "text[]", "jsonb", "boolean")
    }
    later = ("timestamp with time zone", now + timedelta(days=40))
    found: list[Named] = [
        {},
        nothing,
        {("", "boolean"): False, ("limit", "double precision"): 100.0},
        {("now", later[0]): later[1]},
        {("slugs", "text[]"): [slug]},
        {
            **nothing,
            **{(name, later[0]): later[1] for name in ("now", *_LATER)},
            **{(name, "bigint"): key_of(estate, "job") for name in ("first_id", "since_id")},
        },
    ]
    for name in (*_IDS, _OF_DELIVERY):
        key = key_of(estate, name)
        aim: Named = {("id", "bigint"): key, ("ids", "bigint[]"): [key], ("job_ids", "bigint[]"): [key]}
        found += [aim, {**nothing, **aim}]
    return found
