"""The registry of workers: they come, are heard of, and go."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.core import Core
from shared.errors import DuplicateError, NotFoundError
from shared.limits.charge import fetch_charged
from shared.store import SYSTEM, Row, load_queries
from shared.tenants.caller import Caller
from shared.webhooks.outbox import telling
from shared.workers.model import GONE_AFTER, HEARTBEAT_SECONDS, LEASE_SECONDS, summary_answer, worker_answer

_GONE = "worker_event(gone.id, gone.queues, gone.hostname)"
QUERIES = load_queries(
    __file__,
    told_registered=telling(
        "worker.registered", rows="fresh", item="worker_event(fresh.id, fresh.queues, fresh.hostname)"
    ),
    told_heard=telling(
        "worker.heartbeat",
        rows="heard",
        item="heartbeat_event(heard.id, heard.queues, heard.hostname, heard.status, heard.current_jobs)",
    ),
    told_deregistered=telling("worker.deregistered", rows="gone", item=_GONE),
    item=_GONE,
)
_BATCH = 1_000


class WorkerNotFoundError(NotFoundError):
    """Worker not found"""


@dataclass(frozen=True, slots=True)
class Registration:
    """What a worker says when it comes. `metadata` is JSON text."""

    worker_id: str
    queues: tuple[str, ...]
    hostname: str
    max_concurrency: int
    worker_type: str | None = None
    version: str | None = None
    metadata: str | None = None


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """What a worker says while it is there; None leaves what was said before."""

    current_jobs: int
    status: str | None = None
    metadata: str | None = None


async def register_worker(
    core: Core, caller: Caller, registration: Registration, now: datetime
) -> dict[str, Any]:
    """Note a worker, or note it anew: a known id is the same worker and costs no second place.

    Raises DuplicateError for an id that is another organization's, or of queues that the key is not for, and
    QuotaExceededError when the plan is full.
    """
    for queue in registration.queues:
        caller.require_queue(queue)
    row = await fetch_charged(
        core.store,
        SYSTEM,
        caller.limits,
        "workers",
        QUERIES["register_worker"],
        org_id=caller.org_id,
        now=now,
        id=registration.worker_id,
        key_queues=caller.queue_filter,
        queues=list(registration.queues),
        hostname=registration.hostname,
        max_concurrency=registration.max_concurrency,
        worker_type=registration.worker_type,
        version=registration.version,
        metadata=registration.metadata,
    )
    if row is None:
        raise DuplicateError("worker_id: this id belongs to somebody else; choose another")
    return {
        "id": registration.worker_id,
        "queue_name": registration.queues[0],
        "queue_names": list(registration.queues),
        "lease_duration_secs": LEASE_SECONDS,
        "heartbeat_interval_secs": HEARTBEAT_SECONDS,
    }


async def hear_from_worker(
    core: Core, caller: Caller, worker_id: str, heartbeat: Heartbeat, now: datetime
) -> str:
    """Note that a worker is there; the status that stands of it now.

    Raises WorkerNotFoundError for one that is not, or was given up.
    """
    row = await core.store.fetch_one(
        caller.scope,
        QUERIES["hear_from_worker"],
        **_named(caller, worker_id),
        current_jobs=heartbeat.current_jobs,
        status=heartbeat.status,
        metadata=heartbeat.metadata,
        now=now,
    )
    status: str = _or_raise(row)["status"]
    return status


async def deregister_worker(core: Core, caller: Caller, worker_id: str, now: datetime) -> None:
    """Forget a worker; what it holds stays leased to it. Raises WorkerNotFoundError."""
    row = await core.store.fetch_one(
        caller.scope, QUERIES["deregister_worker"], **_named(caller, worker_id), now=now
    )
    _or_raise(row)


async def get_worker(core: Core, caller: Caller, worker_id: str, now: datetime) -> dict[str, Any]:
    """A worker whole. Raises WorkerNotFoundError."""
    row = await core.store.fetch_one(caller.scope, QUERIES["get_worker"], **_named(caller, worker_id))
    return worker_answer(_or_raise(row), now, caller.queues)


async def list_workers(core: Core, caller: Caller, now: datetime) -> list[dict[str, Any]]:
    """All workers of the organization that work for a queue the credential may use, the oldest first."""
    rows = await core.store.fetch(
        caller.scope, QUERIES["list_workers"], org_id=caller.org_id, key_queues=caller.queue_filter
    )
    return [summary_answer(row, now, caller.queues) for row in rows]


async def forget_silent_workers(core: Core, now: datetime) -> int:
    """Forget workers that were not heard of for two minutes, a batch of them, and return how many."""
    rows = await core.store.fetch(
        SYSTEM, QUERIES["forget_silent_workers"], silent_since=now - GONE_AFTER, limit=_BATCH, now=now
    )
    return sum(row["count"] for row in rows)


def _named(caller: Caller, worker_id: str) -> dict[str, Any]:
    return {"org_id": caller.org_id, "id": worker_id, "key_queues": caller.queue_filter}


def _or_raise(row: Row | None) -> Row:
    if row is None:
        raise WorkerNotFoundError
    return row
