"""A webhook gets another secret, and deliveries are signed with both for a while."""

import secrets
from datetime import datetime, timedelta
from typing import Any

from shared import ids
from shared.core import Core
from shared.errors import ConflictError
from shared.spoken import instant
from shared.store import SYSTEM, load_queries
from shared.tenants.caller import Caller
from shared.webhooks.manage import find_webhook
from shared.webhooks.model import WEBHOOK_COLUMNS, webhook_answer
from shared.webhooks.sealing import seal

QUERIES = load_queries(__file__, columns=WEBHOOK_COLUMNS)
_BATCH = 1_000


def new_secret() -> str:
    """A secret of 32 random bytes."""
    return f"whsec_{secrets.token_hex(32)}"


async def rotate_secret(
    core: Core, caller: Caller, public_id: str, secret: str | None, overlap: timedelta, now: datetime
) -> dict[str, Any]:
    """Sign with `secret`, or a new one, and for `overlap` with the one before too; the answer holds it.

    Raises WebhookNotFoundError, and ConflictError while two are good already, unless `overlap` is zero.
    """
    caller.require_all_queues()
    chosen = secret or new_secret()
    row = await core.store.fetch_one(
        caller.scope,
        QUERIES["rotate_secret"],
        org_id=caller.org_id,
        id=ids.decode("wh", public_id),
        sealed_secret=seal(core.settings, chosen),
        ends_at=now + overlap,
        now=now,
    )
    if row is None:
        known = await find_webhook(core, caller, public_id)
        ends_at = known["previous_secret_ends_at"]
        if ends_at is None:
            raise ConflictError("The secret was changed by another request just now: look, and rotate again.")
        raise ConflictError(
            f"The secret is being replaced until {instant(ends_at)}: wait"
            " until then, or send overlap_seconds: 0 to end both secrets now and get a third one."
        )
    return webhook_answer(row) | {"secret": chosen}


async def forget_ended_secrets(core: Core, now: datetime) -> int:
    """Forget secrets that sign nothing any more, and return how many."""
    rows = await core.store.fetch(SYSTEM, QUERIES["forget_ended_secrets"], now=now, limit=_BATCH)
    return len(rows)
