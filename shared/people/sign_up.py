"""Signing up: a proven address becomes the owner of a new organization."""

from datetime import datetime
from typing import Any

from shared import ids
from shared.core import Core
from shared.errors import UnauthorizedError
from shared.people.codes import require_mail
from shared.people.sign_in import signup_token_hashes
from shared.store import SYSTEM, load_queries
from shared.tenants.caller import Caller
from shared.tenants.organizations import create_organization
from shared.tenants.sessions import open_session

QUERIES = load_queries(__file__)
_SHOWN = ("id", "name", "slug", "billing_email")


async def complete_sign_up(
    core: Core, signup_token: str, now: datetime, *, name: str, slug: str
) -> dict[str, Any]:
    """Make the organization, its first key and its owner, and sign the owner in: whole or not at all.

    Raises MailOffError, UnauthorizedError for a token that is none, was used or has expired, and
    DuplicateError when the slug is taken: then the token is still good for another one.
    """
    require_mail(core)
    async with core.store.transaction(SYSTEM) as transaction:
        user = await transaction.fetch_one(
            QUERIES["use_signup_token"], token_hashes=signup_token_hashes(core, signup_token), now=now
        )
        if user is None:
            raise UnauthorizedError("The sign-up token was used or has expired: ask for a new code.")
        made = await create_organization(
            core, now, name=name, slug=slug, billing_email=user["email"], transaction=transaction
        )
        org_id = ids.decode("org", made["id"])
        await transaction.fetch(QUERIES["add_owner"], org_id=org_id, user_id=user["id"], now=now)
    owner = Caller(org_id, ids.UNKNOWN, user_id=user["id"], role="owner")
    return open_session(core, owner, now) | {
        "organization": {field: made[field] for field in _SHOWN},
        "api_key": made["api_key"]["key"],
    }
