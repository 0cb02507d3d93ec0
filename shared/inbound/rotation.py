"""A provider that signs gets another secret, and what is signed with either is taken in for a while."""

import json
from datetime import datetime, timedelta
from typing import Any

from shared.core import Core
from shared.errors import InvalidInputError, NotFoundError
from shared.store import load_queries
from shared.tenants.caller import Caller
from shared.tenants.overlaps import Overlap, overlap_text, refuse_a_third
from shared.webhooks.rotation import new_secret

QUERIES = load_queries(__file__)
_MAKES_ITS_OWN = {"stripe"}
PROVIDERS = ("github", "stripe")


async def rotate_provider_secret(
    core: Core, caller: Caller, provider: str, secret: str | None, overlap: timedelta, now: datetime
) -> dict[str, Any]:
    """Check a provider's signatures against `secret`, or a new one, and for `overlap` the one before too.

    Raises ForbiddenError for a key that is held to queues, NotFoundError for another provider,
    InvalidInputError where the provider makes the secret and none is given, and ConflictError while two are
    good already, unless `overlap` is zero.
    """
    caller.require_all_queues()
    if provider not in PROVIDERS:
        raise NotFoundError(f"There is no such provider; known are {', '.join(PROVIDERS)}.")
    if secret is None and provider in _MAKES_ITS_OWN:
        raise InvalidInputError.of_field(
            "secret", f"is missing: {provider} makes it, roll it there first", "missing"
        )
    chosen = secret or new_secret()
    name = f"{provider}_webhook_secret"
    async with core.store.transaction(caller.scope) as transaction:
        known = await transaction.fetch_one(QUERIES["lock_secrets"], org_id=caller.org_id)
        if known is None:
            raise NotFoundError("There is no such organization.")
        before = known["settings"].get(name)
        if overlap:
            refuse_a_third(known["previous_secrets"], name, now)
        kept = Overlap(before, now + overlap) if isinstance(before, str) and before and overlap else None
        await transaction.fetch(
            QUERIES["set_secret"],
            org_id=caller.org_id,
            name=name,
            setting=json.dumps({name: chosen}),
            overlap=overlap_text(name, kept),
            now=now,
        )
    return {
        "provider": provider,
        "secret": chosen,
        "overlap_ends_at": kept.ends_at if kept else None,
    }
