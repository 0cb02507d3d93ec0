"""Signing in by e-mail: an address is proven, and leads to the person's organization or to sign-up."""

import secrets
from datetime import datetime, timedelta
from typing import Any

from shared import ids
from shared.core import Core
from shared.people.codes import require_mail, use_code
from shared.store import SYSTEM, load_queries
from shared.tenants.authenticate import hash_key, hashes_of
from shared.tenants.caller import Caller
from shared.tenants.sessions import open_session

QUERIES = load_queries(__file__)
_SIGN_UP_TIME = timedelta(minutes=30)


async def check_email(core: Core, email: str) -> dict[str, bool]:
    """Whether somebody has this address here, and may sign up with it if not."""
    row = await core.store.fetch_one(SYSTEM, QUERIES["look_up_email"], email=email)
    assert row is not None
    settings = core.settings
    return {
        "exists": row["is_known"],
        "available": not row["is_known"],
        "signup_enabled": settings.mail_is_on and settings.registration_is_open,
        "has_organizations": row["has_organizations"],
    }


async def verify_code(core: Core, email: str, code: str, now: datetime) -> dict[str, Any]:
    """Sign in with the code that was sent; who has no organization gets a token to sign up with.

    Raises as use_code.
    """
    require_mail(core)
    await use_code(core, email, code, now)
    rows = await core.store.fetch(SYSTEM, QUERIES["organizations_of_email"], email=email)
    if not rows:
        return await _offer_sign_up(core, email, now)
    first = rows[0]
    person = Caller(first["org_id"], ids.UNKNOWN, user_id=first["user_id"], role=first["role"])
    organizations = [{"id": ids.encode("org", row["org_id"]), "role": row["role"]} for row in rows]
    return open_session(core, person, now) | {
        "type": "login",
        "user_id": ids.encode("user", first["user_id"]),
        "email": email,
        "organizations": organizations,
    }


def signup_token_hashes(core: Core, token: str) -> list[bytes]:
    """The hashes under one of which a sign-up token is kept."""
    return hashes_of(core.settings, _named(token))


async def _offer_sign_up(core: Core, email: str, now: datetime) -> dict[str, Any]:
    token = secrets.token_urlsafe(32)
    await core.store.fetch(
        SYSTEM,
        QUERIES["store_signup_token"],
        email=email,
        token_hash=hash_key(core.settings.secret_key, _named(token)),
        expires_at=now + _SIGN_UP_TIME,
    )
    return {
        "type": "signup",
        "signup_token": token,
        "email": email,
        "expires_in": int(_SIGN_UP_TIME.total_seconds()),
    }


def _named(token: str) -> str:
    return f"sign-up {token}"
