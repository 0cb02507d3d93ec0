"""Members: the people of an organization."""

import logging
from datetime import datetime
from typing import Any

from shared import ids
from shared.core import Core
from shared.errors import ConflictError, DuplicateError, InvalidInputError, NotFoundError, SpooledError
from shared.mail.send import Mail, send_mail
from shared.people.addresses import name_of
from shared.people.codes import note_mail
from shared.store import SYSTEM, Row, load_queries
from shared.tenants.caller import PERMISSIONS, Caller, Role, rights_of

logger = logging.getLogger("spooled.people")
QUERIES = load_queries(__file__)


async def list_members(core: Core, caller: Caller, org_id: int) -> list[dict[str, Any]]:
    """Everybody of the caller's organization, who joined first first; NotFoundError for any other.

    People are let in to all queues: a key that is held to some gets ForbiddenError, here and in removing.
    """
    _require_own(caller, org_id)
    caller.require_all_queues()
    rows = await core.store.fetch(SYSTEM, QUERIES["list_members"], org_id=org_id)
    return [_member_answer(row, row["email"]) for row in rows]


async def add_member(
    core: Core, caller: Caller, org_id: int, now: datetime, *, email: str, role: Role
) -> dict[str, Any]:
    """Take somebody in, known here or not, and write to them; they sign in with a code by e-mail.

    Raises NotFoundError for another's organization, InvalidInputError for a role that may do more than the
    caller, DuplicateError for somebody who is a member. A mail that cannot be sent leaves them a member.
    """
    _require_own(caller, org_id)
    _refuse_more_rights(caller, role)
    row = await core.store.fetch_one(
        SYSTEM,
        QUERIES["add_member"],
        org_id=org_id,
        email=email,
        role=role,
        invited_by=caller.user_id,
        now=now,
    )
    if row is None:
        raise DuplicateError(f"email: {email} is a member already")
    await _invite(core, email, row["organization_name"], now)
    return _member_answer(row, email)


async def remove_member(core: Core, caller: Caller, org_id: int, user_id: int) -> None:
    """End a membership, and the person's sessions in the organization with it, in every process.

    Raises NotFoundError, and ConflictError for the owner.
    """
    _require_own(caller, org_id)
    caller.require_all_queues()
    row = await core.store.fetch_one(caller.scope, QUERIES["remove_member"], org_id=org_id, user_id=user_id)
    if row is None:
        raise NotFoundError("There is no such member.")
    if row["role"] == "owner":
        raise ConflictError("The owner cannot be removed; delete the organization to end it.")
    await core.wakeups.keys_changed(org_id)


def _require_own(caller: Caller, org_id: int) -> None:
    if caller.org_id != org_id:
        raise NotFoundError("There is no such organization.")


def _refuse_more_rights(caller: Caller, role: Role) -> None:
    """A credential cannot make a member who may do more than itself."""
    own = PERMISSIONS if caller.permissions is None else caller.permissions
    if caller.queues is not None or not (rights_of(role) or PERMISSIONS) <= own:
        raise InvalidInputError.of_field("role", f"this credential may do less than {role}", "more_than_own")


async def _invite(core: Core, email: str, organization: str, now: datetime) -> None:
    if not core.settings.mail_is_on or not await note_mail(core, email, now):
        return
    # Never the address that the request was sent to: whoever invites could choose it.
    place = f" at {core.settings.public_url}" if core.settings.public_url else ""
    text = (
        f"You are now a member of the organization “{' '.join(organization.split())}” on Spooled.\n\n"
        f"Sign in{place} with this e-mail address; a code comes by mail.\n"
    )
    try:
        await send_mail(core.settings, Mail(email, "You were invited to an organization on Spooled", text))
    except SpooledError as error:
        logger.warning("an invitation was not sent: %s", error.message)


def _member_answer(row: Row, email: str) -> dict[str, Any]:
    return {
        "id": ids.encode("member", row["id"]),
        "user_id": ids.encode("user", row["user_id"]),
        "email": email,
        "name": name_of(email),
        "role": row["role"],
        "joined_at": row["joined_at"],
        "invited_by": ids.encode_optional("user", row["invited_by"]),
    }
