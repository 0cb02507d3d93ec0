"""Organizations: the tenants."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from shared import ids
from shared.core import Core
from shared.errors import DuplicateError, NotFoundError
from shared.key_form import KEY_SHOWN
from shared.store import SYSTEM, Row, Transaction, load_queries
from shared.store.faults import UniqueViolationError
from shared.tenants.authenticate import hashed
from shared.tenants.caller import Caller
from shared.tenants.keys import new_key

QUERIES = load_queries(__file__)
MASK = "********"
"""Written back it changes nothing: settings may be read, changed and sent whole."""


@dataclass(frozen=True, slots=True)
class OrganizationChanges:
    """What to change; None keeps. `settings` is JSON text, merged key by key; `lifted` names its nulls."""

    name: str | None = None
    billing_email: str | None = None
    description: str | None = None
    logo_url: str | None = None
    settings: str = "{}"
    lifted: list[str] = field(default_factory=list)


async def create_organization(
    core: Core,
    now: datetime,
    *,
    name: str,
    slug: str,
    billing_email: str | None = None,
    plan_tier: str | None = None,
    settings: str = "{}",
    custom_limits: str | None = None,
    transaction: Transaction | None = None,
) -> dict[str, Any]:
    """Make an organization together with its first API key; `settings` and `custom_limits` are JSON.

    With a transaction it is made in that one. Raises DuplicateError when the slug is taken.
    """
    key = new_key(live=True)
    fetch_one = transaction.fetch_one if transaction else partial(core.store.fetch_one, SYSTEM)
    try:
        row = await fetch_one(
            QUERIES["create_organization"],
            name=name,
            slug=slug,
            plan_tier=plan_tier or core.settings.default_plan,
            billing_email=billing_email,
            settings=settings,
            custom_limits=custom_limits,
            **hashed(core.settings, key),
            key_prefix=key[:KEY_SHOWN],
            now=now,
        )
    except UniqueViolationError as error:
        raise DuplicateError(f"slug: the slug {slug!r} is taken; choose another") from error
    assert row is not None
    organization = organization_answer(row)
    api_key = {"id": ids.encode("key", row["key_id"]), "key": key, "name": row["key_name"], "created_at": now}
    return organization | {"organization": organization, "api_key": api_key}


async def list_organizations(core: Core, caller: Caller) -> list[dict[str, Any]]:
    """The organizations that the caller may see: its own."""
    organization = await get_organization(core, caller, caller.org_id)
    return [{name: organization[name] for name in ("id", "name", "slug", "plan_tier", "created_at")}]


async def get_organization(core: Core, caller: Caller, org_id: int) -> dict[str, Any]:
    """The caller's own organization; NotFoundError for any other.

    A key that is held to queues sees no settings.
    """
    row = await core.store.fetch_one(caller.scope, QUERIES["get_organization"], org_id=org_id)
    if row is None:
        raise NotFoundError("There is no such organization.")
    if caller.queues is not None:
        row = row | {"settings": {}}  # they name queues that the key is not for, and open them
    return organization_answer(row, with_secrets=caller.may("organization:admin"))


async def change_organization(
    core: Core, caller: Caller, org_id: int, changes: OrganizationChanges, now: datetime
) -> dict[str, Any]:
    """Change what is not None of the caller's own organization; NotFoundError for any other.

    Raises ForbiddenError for a key that is held to queues.
    """
    caller.require_all_queues()
    row = await core.store.fetch_one(
        caller.scope, QUERIES["change_organization"], org_id=org_id, now=now, **asdict(changes)
    )
    if row is None:
        raise NotFoundError("There is no such organization.")
    return organization_answer(row, with_secrets=True)


def is_secret(setting: str) -> bool:
    """Whether a setting of an organization is shown to those alone who may change it."""
    return setting == "webhook_token" or setting.endswith("_secret")


def organization_answer(row: Row, *, with_secrets: bool = False) -> dict[str, Any]:
    """An organization as the API shows it; MASK stands in the place of secrets."""
    settings: dict[str, Any] = row["settings"]
    if not with_secrets:
        settings = {name: MASK if is_secret(name) else value for name, value in settings.items()}
    return {
        "id": ids.encode("org", row["org_id"]),
        "name": row["name"],
        "slug": row["slug"],
        "plan_tier": row["plan_tier"],
        "billing_email": row["billing_email"],
        "description": row["description"],
        "logo_url": row["logo_url"],
        "settings": settings,
        "custom_limits": row["custom_limits"],
        "stripe_customer_id": row["stripe_customer_id"],
        "stripe_subscription_id": row["stripe_subscription_id"],
        "stripe_subscription_status": row["stripe_subscription_status"],
        "stripe_current_period_end": row["stripe_current_period_end"],
        "stripe_cancel_at_period_end": row["stripe_cancel_at_period_end"],
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
    }
