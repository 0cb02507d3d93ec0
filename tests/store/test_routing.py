"""Each statement goes to one shard of a schema that is distributed by organization, or is named here."""

import re
from pathlib import Path

import psycopg
import pytest

from tests.support.routing import faults_of, faults_of_function
from tests.support.sql_schema import Schema, read_schema
from tests.support.statements import sent_statements

PAGE = Path(__file__).parents[2] / "docs" / "scaling.md"
HOT_PATH = (
    "inbound/organization: find_organization",
    "inbound/receive: log_first",
    "inbound/receive: log_job",
    "jobs/acts/choosing: count_jobs",
    "jobs/acts/choosing: page_of_act",
    "jobs/acts/run: advance_act",
    "jobs/acts/run: lock_act",
    "jobs/cancel: cancel_jobs",
    "jobs/claiming: claim_jobs",
    "jobs/claiming: lock_limited_queue",
    "jobs/claiming: next_look",
    "jobs/causes: dead_causes",
    "jobs/dead: delete_finished",
    "jobs/dead: find_dead",
    "jobs/enqueue: enqueue_jobs",
    "jobs/leases: extend_leases",
    "jobs/leases: lock_lapsed",
    "jobs/leases: release_jobs",
    "jobs/listing: list_jobs",
    "jobs/move: declare_queue",
    "jobs/move: move_jobs",
    "jobs/priority: set_priorities",
    "jobs/read: find_job",
    "jobs/read: find_jobs",
    "jobs/refusal: states_of_jobs",
    "jobs/retry: retry_jobs",
    "jobs/settle: complete_jobs",
    "jobs/settle: fail_jobs",
    "jobs/stats: job_stats",
    "limits/charge: count",
    "limits/charge: lock_plan",
    "limits/charge: note_jobs",
    "queues/config: configure_queue",
    "queues/config: find_queue",
    "queues/pause: pause_queue",
    "queues/pause: resume_queue",
    "queues/stats: queue_stats",
    "queues/stats: stats_of_queues",
    "schedules/fire: lock_due",
    "schedules/fire: record_runs",
    "tenants/authenticate: authenticate_member",
    "tenants/authenticate: authenticate_token",
    "webhooks/deliver: record_outcome",
    "workers/registry: hear_from_worker",
    "workflows/create: link_steps",
    "workflows/dependencies: add_edges",
    "workflows/dependencies: judge_child",
    "workflows/dependencies: lock_jobs",
    "workflows/read: find_steps",
    "workflows/read: find_workflow",
)
"""What runs for each job: it must route, whatever else may not."""

BEFORE = "asked before anybody knows the organization, by a key that is unique over all of them"
NEW = "makes an organization, whose shard its new id decides"
TIMER = "a timer, which looks for work of all organizations"
GROUPED = "one statement for the organizations that a process serves, each named in an array"
SERVICE = "a figure or a list over all organizations, for who runs the service"
PARTITIONS = "makes and drops partitions, on every node"
DEPLOYMENT = "a step of a deployment, on every node"
FAN_OUT = {
    "admin/organizations: list_organizations": SERVICE,
    "admin/stats: jobs": SERVICE,
    "admin/stats: organizations": SERVICE,
    "billing/subscription: link_customer": BEFORE,
    "billing/subscription: note_subscription": BEFORE,
    "doctor/rotation: under_another": SERVICE,
    "doctor/rotation: under_none": SERVICE,
    "doctor/webhooks: some_secrets": SERVICE,
    "doctor/webhooks: switched_off": SERVICE,
    "doctor/webhooks: waiting_deliveries": SERVICE,
    "jobs/acts/run: find_due": TIMER,
    "jobs/cancel: find_expired": TIMER,
    "jobs/causes: fill_causes": TIMER,
    "jobs/causes: without_cause": TIMER,
    "jobs/figures: count_slots": TIMER,
    "jobs/figures: forget_old_slots": TIMER,
    "jobs/figures: mark_new_organizations": TIMER,
    "jobs/flights: still_held": GROUPED,
    "jobs/leases: find_lapsed": TIMER,
    "jobs/retention: delete_old": TIMER,
    "jobs/retention: delete_old_idempotency_keys": TIMER,
    "jobs/retention: drop_partition": PARTITIONS,
    "jobs/retention: make_partitions": PARTITIONS,
    "live/retention: forget_old_happenings": TIMER,
    "live/table: keep_watch": GROUPED,
    "live/table: read_new": GROUPED,
    "metrics/finished: compare_queues": TIMER,
    "metrics/finished: count_finished": TIMER,
    "metrics/finished: name_waiting": TIMER,
    "metrics/gauges: due": SERVICE,
    "metrics/gauges: gauges": SERVICE,
    "people/sign_in: look_up_email": BEFORE,
    "people/sign_in: organizations_of_email": BEFORE,
    "queues/stats: figures_of_queues": GROUPED,
    "schedules/fire: find_due": TIMER,
    "store/migrate: notes": DEPLOYMENT,
    "store/migrate: partitions": DEPLOYMENT,
    "tenants/authenticate: authenticate_key": BEFORE,
    "tenants/authenticate: known_keys": BEFORE,
    "tenants/closing: deleted_organizations": TIMER,
    "tenants/closing: purge_organization": TIMER,
    "tenants/organizations: create_organization": NEW,
    "tenants/overlaps: forget_ended_overlaps": TIMER,
    "tenants/sessions: forget_expired_tokens": TIMER,
    "tenants/slugs: taken_slugs": BEFORE,
    "webhooks/deliver: close_disabled": GROUPED,
    "webhooks/deliver: find_targets": TIMER,
    "webhooks/deliver: take_due": GROUPED,
    "webhooks/traces: traces_of_jobs": GROUPED,
    "webhooks/resealing: page_of_sealed": TIMER,
    "webhooks/resealing: reseal": TIMER,
    "webhooks/retention: delete_old_deliveries": TIMER,
    "webhooks/rotation: forget_ended_secrets": TIMER,
    "webhooks/retention: organizations": TIMER,
    "workers/figures: count_all_workers": SERVICE,
    "workers/registry: forget_silent_workers": TIMER,
    "workers/registry: register_worker": BEFORE,
    "workflows/retention: delete_old_dependencies": TIMER,
    "workflows/retention: delete_old_workflows": TIMER,
}
"""What asks more than one shard, and why. Each is named in docs/scaling.md, with what it costs."""

MAKE_STATEMENTS = {
    "archive_partition_is_needed",
    "drop_archive_partition",
    "ensure_archive_partition",
    "purge_organization",
}
"""Functions whose statements nobody can read here; what calls one of them does not route."""


@pytest.fixture(scope="module")
def schema(database_url: str) -> Schema:
    with psycopg.connect(database_url) as connection:
        return read_schema(connection)


@pytest.fixture(scope="module")
async def sent() -> dict[str, tuple[str, ...]]:
    return await sent_statements()


async def test_every_statement_goes_to_one_shard_or_is_named_here(
    sent: dict[str, tuple[str, ...]], schema: Schema
) -> None:
    """Each table of a statement is held to its one organization, in every form in which it is sent."""
    faults = {
        name: [fault for form in forms for fault in faults_of(form, schema)] for name, forms in sent.items()
    }
    unexpected = {name: found for name, found in faults.items() if found and name not in FAN_OUT}
    routing_after_all = {name for name in FAN_OUT if not faults[name]}

    assert unexpected == {}
    assert routing_after_all == set()


@pytest.mark.parametrize("name", HOT_PATH)
async def test_what_runs_for_each_job_goes_to_one_shard(
    sent: dict[str, tuple[str, ...]], schema: Schema, name: str
) -> None:
    """Nothing that a job goes through asks more than one shard."""
    assert [faults_of(form, schema) for form in sent[name]] == [[]] * len(sent[name])
    assert name not in FAN_OUT


async def test_each_verb_of_a_list_is_seen(sent: dict[str, tuple[str, ...]]) -> None:
    """A statement that is filled for each request is looked at in all its forms, not in one."""
    lists = "\n".join(sent["jobs/listing: list_jobs"])

    assert len(sent["jobs/listing: list_jobs"]) > 50
    for column in (
        "job.tags ?",
        "'job_type' =",
        "job.queue = ANY",
        "job.state = 'cancelled'",
        "job.created_at <",
    ):
        assert column in lists


def test_a_function_works_for_the_organization_that_it_is_given(schema: Schema) -> None:
    """What statements call stays on their shard: each table in it is held to the same organization."""
    touching = [function for name, function in schema.functions.items() if schema.touches_tenants(name)]
    faults = {function.name: faults_of_function(function, schema) for function in touching}

    assert {"tell", "settle_steps", "parent_results", "job_exists", "reopen_steps"} <= set(faults)
    assert {name for name, found in faults.items() if found} == MAKE_STATEMENTS


def test_the_page_names_what_fans_out() -> None:
    """Who reads docs/scaling.md finds each statement that asks several shards, and no other."""
    section = PAGE.read_text(encoding="utf-8").partition("## What asks every node")[2].partition("\n## ")[0]

    assert sorted(re.findall(r"`([a-z_/]+: \w+)`", section)) == sorted(FAN_OUT)


def test_the_page_names_every_table(schema: Schema) -> None:
    """Each table stands on the page once, as distributed when its rows are an organization's."""
    text = PAGE.read_text(encoding="utf-8").partition("## How the schema is cut")[2].partition("\n## ")[0]
    rows = {
        line.split("|")[1].strip(): re.findall(r"`(\w+)`", line.split("|")[2])
        for line in text.splitlines()
        if line.startswith("| ")
    }

    assert sorted(rows["Distributed by `org_id`"]) == sorted(filter(schema.is_tenant, schema.tables))
    assert sorted(rows["Reference, whole on each node"] + rows["Local, on the coordinator"]) == sorted(
        table for table in schema.tables if not schema.is_tenant(table)
    )
