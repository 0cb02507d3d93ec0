"""What single statements are given, and what there must be first, so that they do something for the owner."""

from datetime import datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from shared import ids
from shared.store import load_queries
from tests.rights.estate import Estate
from tests.support.bystander import Named
from tests.support.owners_parameters import LARGEST, key_of

FIRST = {query.name: query.sql for query in load_queries(__file__)}
"""By the name of a statement in its file: what makes the thing that it is about, as the whole service."""
_LATER = timedelta(days=40)


def own_aims(estate: Estate, now: datetime) -> dict[str, list[Named]]:
    """By the place and name of a statement: what it is given, one after the other, in place of all else."""
    job, later, running = (key_of(estate, name) for name in ("job", "later", "running"))
    step, next_step = key_of(estate, "step"), key_of(estate, "next step")
    delivery, webhook, schedule = (key_of(estate, name) for name in ("delivery", "webhook", "schedule"))
    dead, done, act = key_of(estate, "dead"), key_of(estate, "done"), key_of(estate, "act")
    new = f"new-{estate.queue}"
    page: dict[str, Any] = {"after bytea": b"", "below bytea": b"\xff", "after_id bigint": 0}
    four: dict[str, Any] = {
        "org_ids bigint[]": [ids.decode("org", estate.org.org_id)] * 4,
        "ids bigint[]": [job, done, delivery, webhook],
        "known bytea[]": [b"x"] * 4,
        "resealed bytea[]": [b"y"] * 4,
    }
    planned: dict[str, Any] = {"misfire_policy text": "last", "misfire_limit integer": 1}
    soon: dict[str, Any] = {"now timestamp with time zone": now}
    in_days: dict[str, Any] = {"now timestamp with time zone": now + _LATER}
    told: dict[str, Any] = {
        "xact text": "0",
        "until_xact text": "2",
        "xacts text[]": ["0"],
        "seqs bigint[]": [0],
    }
    aims: dict[str, list[dict[str, Any]]] = {
        "admin/organizations: change_organization": [{"stripe_subscription_status text": "active"}],
        "admin/organizations: list_organizations": [{"plan_tier text": None, "search text": None}],
        "audit/log: begin_entry": [{"actor text": "admin"}],
        "audit/log: list_entries": [
            {"act text": None, "actor text": None, "key_id bigint": None, "user_id bigint": None}
        ],
        "billing/subscription: note_subscription": [{"customer text": "cus_1", "status text": "active"}],
        "inbound/receive: log_duplicate": [{"provider text": "custom"}],
        "inbound/receive: log_first": [{"provider text": "custom"}],
        "inbound/receive: log_job": [{"status text": "created"}],
        "jobs/acts/manage: confirm_act": [{"act text": "retry", "user_id bigint": None}],
        "jobs/acts/run: note_matched": [{"id bigint": act}],
        "jobs/claiming: claim_jobs": [{"after bigint": None, "mark_priorities smallint[]": [0]}],
        "jobs/claiming: next_look": [{"mark_priorities smallint[]": [0]}],
        "jobs/explain: find_open_parents": [{"id bigint": next_step}],
        "jobs/flights: still_held": [soon | {"job_ids bigint[]": [running]}],
        "jobs/listing: list_jobs": [{}, {"after bigint": LARGEST}],
        "jobs/move: declare_queue": [{"queue text": new}],
        "jobs/move: move_jobs": [{"queue text": new}],
        "jobs/retention: delete_old": [in_days | {"left_over bigint[]": None}],
        "live/table: read_from": [told],
        "live/table: read_new": [told],
        "people/sign_up: add_owner": [{"user_id bigint": 1}],
        "queues/config: create_queue": [{"name text": new, "settings jsonb": Jsonb({})}],
        "queues/delete: delete_queue": [{"name text": new}],
        "schedules/fire: lock_due": [in_days | {"ids bigint[]": [schedule]}],
        "schedules/manage: create_schedule": [planned],
        "schedules/manage: update_schedule": [planned | {"id bigint": schedule}],
        "tenants/authenticate: authenticate_member": [{"issued_at timestamp with time zone": now + _LATER}],
        "webhooks/deliver: record_outcome": [
            {"id bigint": delivery, "state text": "failed", "next_attempt_at timestamp with time zone": None}
        ],
        "webhooks/manage: create_webhook": [{"events text[]": ["job.created"], "format text": "json"}],
        "webhooks/resealing: page_of_sealed": [page | in_days],
        "webhooks/resealing: reseal": [four],
        "webhooks/retention: delete_old_deliveries": [{"before bigint[]": [LARGEST]}],
        "webhooks/traces: traces_of_jobs": [{"ids bigint[]": [job]}],
        "workers/registry: hear_from_worker": [{"status text": "healthy"}],
        "workflows/create: link_steps": [
            {
                "ids bigint[]": [job],
                "child_ids bigint[]": [job],
                "parent_ids bigint[]": [dead],
                "types text[]": ["success"],
                "keys text[]": ["a"],
                "modes text[]": ["all"],
                "unmets integer[]": [1],
            }
        ],
        "workflows/dependencies: add_edges": [
            {"child_id bigint": job, "ids bigint[]": [later], "type text": "success", "endings text[]": None}
        ],
        "workflows/read: list_workflows": [{"state text": "pending"}],
        "workflows/dependencies: find_below": [{"child_id bigint": step, "ids bigint[]": [next_step]}],
    }
    return {
        name: [{tuple(key.split(maxsplit=1)): value for key, value in values.items()} for values in several]
        for name, several in aims.items()
    }
