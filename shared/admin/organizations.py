"""All organizations, as an administrator sees and changes them."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from shared import ids
from shared.core import Core
from shared.errors import DuplicateError, NotFoundError
from shared.jobs.stats import job_stats
from shared.limits.figures import FIGURES, SINCE, day_start
from shared.limits.plans import limits_of
from shared.limits.usage import usage_info
from shared.store import SYSTEM, Row, load_queries
from shared.store.faults import UniqueViolationError
from shared.tenants.caller import Caller
from shared.tenants.closing import delete_organization
from shared.tenants.keys import create_key
from shared.tenants.organizations import OrganizationChanges, organization_answer

LONGEST_PAGE = 1_000
_COUNTS = ("jobs_today", "active_jobs", "queues", "workers", "api_keys")
QUERIES = load_queries(
    __file__, figures=", ".join(f"{FIGURES[name]} AS {name}" for name in _COUNTS), since=SINCE
)


@dataclass(frozen=True, slots=True)
class OrganizationFilter:
    """A page of organizations; `sort_by` is a column's name."""

    plan_tier: str | None = None
    search: str | None = None
    limit: int = 50
    offset: int = 0
    sort_by: str = "created_at"
    descending: bool = True


@dataclass(frozen=True, slots=True)
class AdminChanges(OrganizationChanges):
    """What an administrator changes besides; None keeps, `custom_limits` is JSON text or None for none."""

    plan_tier: str | None = None
    is_active: bool | None = None
    sets_custom_limits: bool = False
    custom_limits: str | None = None
    stripe_customer_id: str | None = None
    stripe_subscription_id: str | None = None
    stripe_subscription_status: str | None = None


async def list_organizations(core: Core, wanted: OrganizationFilter, now: datetime) -> dict[str, Any]:
    """A page of organizations with their figures, and how many there are in all."""
    direction = "DESC" if wanted.descending else "ASC"
    limit = min(wanted.limit, LONGEST_PAGE)
    rows = await core.store.fetch(
        SYSTEM,
        QUERIES["list_organizations"].filled(order=f"{wanted.sort_by} {direction}, org_id {direction}"),
        plan_tier=wanted.plan_tier,
        search=wanted.search,
        limit=limit,
        offset=wanted.offset,
        day_start=day_start(now),
        now=now,
    )
    return {
        "organizations": [_item(row) for row in rows if row["org_id"] is not None],
        "total": rows[0]["total"],
        "limit": limit,
        "offset": wanted.offset,
    }


async def show_organization(core: Core, org_id: int, now: datetime) -> dict[str, Any]:
    """An organization with everything that is counted of it. Raises NotFoundError."""
    row = _found(await core.store.fetch_one(SYSTEM, QUERIES["find_organization"], org_id=org_id))
    info = await usage_info(core, SYSTEM, org_id, now)
    jobs = await job_stats(core, _owner(org_id), now)
    current = {resource: item["current"] for resource, item in info["usage"].items()}
    return admin_answer(row) | {
        "usage": {name: current[name] for name in _COUNTS},
        "usage_info": info,
        "api_keys_count": current["api_keys"],
        "total_jobs": jobs["total"],
        "resource_counts": current,
    }


async def change_organization(
    core: Core, org_id: int, changes: AdminChanges, now: datetime
) -> dict[str, Any]:
    """Change what is not None; it holds for the next request in every process.

    Raises NotFoundError, and DuplicateError for the Stripe customer of another organization.
    """
    try:
        row = await core.store.fetch_one(
            SYSTEM, QUERIES["change_organization"], org_id=org_id, now=now, **asdict(changes)
        )
    except UniqueViolationError as error:
        raise DuplicateError("stripe_customer_id: it is another organization's customer") from error
    changed = _found(row)
    await core.wakeups.keys_changed(org_id)
    return admin_answer(changed)


async def remove_organization(core: Core, org_id: int, now: datetime, *, for_good: bool) -> None:
    """Close an organization: its keys stop working. `for_good` also deletes all that it has.

    Raises NotFoundError.
    """
    if for_good:
        await delete_organization(core, _owner(org_id), org_id, now)
        return
    _found(await core.store.fetch_one(SYSTEM, QUERIES["deactivate_organization"], org_id=org_id, now=now))
    await core.wakeups.keys_changed(org_id)


async def make_key(core: Core, org_id: int, now: datetime, **fields: Any) -> dict[str, Any]:
    """A key of any organization, with the key itself for the only time.

    Raises NotFoundError, and QuotaExceededError when the organization's plan allows no more.
    """
    row = _found(await core.store.fetch_one(SYSTEM, QUERIES["find_organization"], org_id=org_id))
    owner = replace(_owner(org_id), limits=limits_of(row["plan_tier"], row["custom_limits"]))
    made = await create_key(core, owner, org_id, now, **fields)
    return {name: made[name] for name in ("id", "key", "name", "created_at", "expires_at")}


async def reset_usage(core: Core, org_id: int, now: datetime) -> dict[str, Any]:
    """Count the jobs of today from now on. Raises NotFoundError."""
    _found(await core.store.fetch_one(SYSTEM, QUERIES["reset_usage"], org_id=org_id, now=now))
    return {"reset": True, "organization_id": ids.encode("org", org_id)}


def admin_answer(row: Row) -> dict[str, Any]:
    """An organization with what only administrators see."""
    return organization_answer(row) | {"is_active": row["is_active"]}


def _owner(org_id: int) -> Caller:
    """Somebody who may do everything in the organization, by no key."""
    return Caller(org_id=org_id, key_id=ids.UNKNOWN)


def _item(row: Row) -> dict[str, Any]:
    kept = ("name", "slug", "plan_tier", "billing_email", "is_active", "created_at", "updated_at")
    return {
        "id": ids.encode("org", row["org_id"]),
        **{name: row[name] for name in (*kept, "jobs_today", "active_jobs")},
        "usage": {name: row[name] for name in _COUNTS},
    }


def _found(row: Row | None) -> Row:
    if row is None:
        raise NotFoundError("There is no such organization.")
    return row
