"""Webhooks kept: made, read, changed and deleted."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from shared import ids
from shared.core import Core
from shared.limits.charge import fetch_charged
from shared.store import Row, load_queries
from shared.tenants.caller import Caller
from shared.webhooks.model import WEBHOOK_COLUMNS, WebhookNotFoundError, webhook_answer
from shared.webhooks.sealing import seal
from shared.webhooks.target import check_url

QUERIES = load_queries(__file__, columns=WEBHOOK_COLUMNS)


@dataclass(frozen=True, slots=True)
class WebhookFields:
    """What a request says about a webhook; None where it says nothing."""

    name: str | None
    url: str | None
    events: list[str] | None
    format: str | None
    enabled: bool | None


async def create_webhook(
    core: Core, caller: Caller, fields: WebhookFields, secret: str | None, now: datetime
) -> dict[str, Any]:
    """Make a webhook; InvalidInputError for a URL that it may not have, QuotaExceededError above the plan."""
    caller.require_all_queues()
    assert fields.url is not None
    check_url(core.settings, fields.url)
    row = await fetch_charged(
        core.store,
        caller.scope,
        caller.limits,
        "webhooks",
        QUERIES["create_webhook"],
        **asdict(fields),
        org_id=caller.org_id,
        sealed_secret=seal(core.settings, secret) if secret else None,
        now=now,
    )
    assert row is not None
    return webhook_answer(row)


async def list_webhooks(core: Core, caller: Caller) -> list[dict[str, Any]]:
    """All webhooks of the organization, newest first."""
    caller.require_all_queues()
    rows = await core.store.fetch(caller.scope, QUERIES["list_webhooks"], org_id=caller.org_id)
    return [webhook_answer(row) for row in rows]


async def get_webhook(core: Core, caller: Caller, public_id: str) -> dict[str, Any]:
    """A webhook; WebhookNotFoundError when there is none."""
    return webhook_answer(await find_webhook(core, caller, public_id))


async def find_webhook(core: Core, caller: Caller, public_id: str) -> Row:
    """The row of a webhook, with its secret as it is stored; raises WebhookNotFoundError."""
    caller.require_all_queues()
    row = await core.store.fetch_one(caller.scope, QUERIES["find_webhook"], **_named(caller, public_id))
    if row is None:
        raise WebhookNotFoundError
    return row


async def update_webhook(
    core: Core,
    caller: Caller,
    public_id: str,
    fields: WebhookFields,
    now: datetime,
    *,
    secret: str | None,
    changes_secret: bool,
) -> dict[str, Any]:
    """Change the named fields, and at once the secret to `secret` (None: none) with `changes_secret`.

    One that is switched on takes a place in the plan and begins anew with no failures. Raises
    WebhookNotFoundError or as create.
    """
    caller.require_all_queues()
    if fields.url is not None:
        check_url(core.settings, fields.url)
    row = await fetch_charged(
        core.store,
        caller.scope,
        caller.limits,
        "webhooks",
        QUERIES["update_webhook"],
        **asdict(fields),
        **_named(caller, public_id),
        changes_secret=changes_secret,
        sealed_secret=seal(core.settings, secret) if secret else None,
        now=now,
    )
    if row is None:
        raise WebhookNotFoundError
    return webhook_answer(row)


async def delete_webhook(core: Core, caller: Caller, public_id: str) -> None:
    """Delete a webhook with its deliveries, sent or not; raises WebhookNotFoundError."""
    caller.require_all_queues()
    deleted = await core.store.fetch_one(caller.scope, QUERIES["delete_webhook"], **_named(caller, public_id))
    if deleted is None:
        raise WebhookNotFoundError


def _named(caller: Caller, public_id: str) -> dict[str, Any]:
    return {"org_id": caller.org_id, "id": ids.decode("wh", public_id)}
