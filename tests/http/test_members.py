"""Members: invited, listed, signed in with the rights of their role, removed at once."""

import logging
import re

import pytest

from tests.support.api import Api, Tenant
from tests.support.clock import MovingClock
from tests.support.people import fresh_email, session_of

Log = pytest.LogCaptureFixture


def members(org: Tenant) -> str:
    return f"/organizations/{org.org_id}/members"


async def joined(org: Tenant, role: str, clock: MovingClock, caplog: Log) -> tuple[Tenant, str]:
    """The session and the id of a new member."""
    email = fresh_email()
    made = await org.post(members(org), {"email": email, "role": role}, 201)
    clock.advance(minutes=1)
    return await session_of(Api(org.client), email, caplog), made["user_id"]


async def test_a_member_is_added_written_to_and_listed(org: Tenant, caplog: Log) -> None:
    """Somebody unknown becomes a member at once, by their address in any case, and is told."""
    email = fresh_email()
    await org.put(f"/organizations/{org.org_id}", {"name": "Acme\nBcc: Inc"})
    with caplog.at_level(logging.INFO, "spooled.mail"):
        made = await org.post(members(org), {"email": email.upper(), "role": "member"}, 201)
    (listed,) = await org.get(members(org))

    assert made == listed
    assert made["id"].startswith("member_")
    assert made["user_id"].startswith("user_")
    assert (made["email"], made["name"], made["role"]) == (email, email.partition("@")[0], "member")
    assert made["invited_by"] is None
    assert f"Mail to {email}" in caplog.text
    assert "“Acme Bcc: Inc”" in caplog.text


async def test_a_member_twice_is_409(org: Tenant, other_org: Tenant) -> None:
    """The role stays as it was; in another organization the same person is another member."""
    email = fresh_email()
    first = await org.post(members(org), {"email": email, "role": "member"}, 201)
    again = await org.post(members(org), {"email": email.upper(), "role": "admin"}, 409)
    other = await other_org.post(members(other_org), {"email": email, "role": "admin"}, 201)

    assert again["code"] == "CONFLICT"
    assert [one["role"] for one in await org.get(members(org))] == ["member"]
    assert (other["user_id"], other["id"]) != (first["user_id"], first["id"])
    assert other["user_id"] == first["user_id"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"email": "john", "role": "member"}, 400),
        ({"email": "john@example.com", "role": "owner"}, 400),
        ({"email": "john@example.com"}, 422),
        ({"role": "member"}, 422),
    ],
)
async def test_a_broken_invitation_is_refused(org: Tenant, body: object, status: int) -> None:
    """Nobody is made owner by invitation, and nobody without an address."""
    await org.post(members(org), body, status)

    assert await org.get(members(org)) == []


async def test_a_member_may_work_but_not_administer(org: Tenant, clock: MovingClock, caplog: Log) -> None:
    """Jobs are a member's; keys, people, the organization and the rule of queues are not."""
    member, user_id = await joined(org, "member", clock, caplog)
    me = await member.get("/auth/me")
    await member.push()
    await member.get(members(org))

    assert (me["user_id"], me["role"], me["organization_id"]) == (user_id, "member", org.org_id)
    await member.post("/api-keys", {"name": "Mine"}, 403)
    await member.post(members(org), {"email": fresh_email(), "role": "member"}, 403)
    await member.delete(f"{members(org)}/{user_id}", 403)
    await member.put(f"/organizations/{org.org_id}", {"name": "Mine"}, 403)


async def test_an_admin_invites_and_the_member_says_by_whom(
    org: Tenant, clock: MovingClock, caplog: Log
) -> None:
    """An invitation by a person names that person."""
    admin, user_id = await joined(org, "admin", clock, caplog)
    made = await admin.post(members(org), {"email": fresh_email(), "role": "member"}, 201)

    assert made["invited_by"] == user_id
    assert [one["role"] for one in await org.get(members(org))] == ["admin", "member"]


async def test_a_removed_members_session_ends_at_once(org: Tenant, clock: MovingClock, caplog: Log) -> None:
    """Neither the access token nor the refresh token is good, nor when the person is taken in again."""
    email = fresh_email()
    made = await org.post(members(org), {"email": email, "role": "admin"}, 201)
    clock.advance(minutes=1)
    with caplog.at_level(logging.INFO, "spooled.mail"):
        await org.post("/auth/email/start", {"email": email})
    code = re.findall(r"Your code is (\w{6})", caplog.text)[-1]
    login = await org.post("/auth/email/verify", {"email": email, "code": code})
    session = Tenant(org.client, login["access_token"], org.org_id)
    await session.get("/auth/me")

    await org.delete(f"{members(org)}/{made['user_id']}")

    await session.get("/auth/me", status=401)
    await org.post("/auth/refresh", {"refresh_token": login["refresh_token"]}, 401)
    await org.delete(f"{members(org)}/{made['user_id']}", 404)
    clock.advance(seconds=2)
    await org.post(members(org), {"email": email, "role": "member"}, 201)
    await session.get("/auth/me", status=401)
    await org.post("/auth/refresh", {"refresh_token": login["refresh_token"]}, 401)


async def test_another_organizations_people_are_not_there(
    org: Tenant, other_org: Tenant, clock: MovingClock, caplog: Log
) -> None:
    """Another organization's id is 404, and its session sees its own people alone."""
    made = await org.post(members(org), {"email": fresh_email(), "role": "member"}, 201)
    admin, _ = await joined(other_org, "admin", clock, caplog)

    for stranger in (other_org, admin):
        await stranger.get(members(org), status=404)
        await stranger.post(members(org), {"email": fresh_email(), "role": "member"}, 404)
        await stranger.delete(f"{members(org)}/{made['user_id']}", 404)
        await stranger.delete(f"{members(other_org)}/{made['user_id']}", 404)
    assert [one["user_id"] for one in await org.get(members(org))] == [made["user_id"]]


@pytest.mark.parametrize(
    "narrow", [{"permissions": ["users:admin"]}, {"permissions": ["users:admin"], "queues": ["emails"]}]
)
async def test_a_narrow_key_makes_nobody_mightier(org: Tenant, narrow: dict[str, list[str]]) -> None:
    """A key that may do less than a role cannot give it, or it could sign in as that person."""
    key = await org.with_key(**narrow)

    for role in ("admin", "member"):
        refused = await key.post(members(org), {"email": fresh_email(), "role": role}, 400)
        assert refused["details"][0]["code"] == "more_than_own"


async def test_an_address_is_invited_by_few_mails(org: Tenant, caplog: Log) -> None:
    """Adding and removing somebody again and again does not fill their box."""
    email = fresh_email()
    with caplog.at_level(logging.INFO, "spooled.mail"):
        for _ in range(4):
            made = await org.post(members(org), {"email": email, "role": "member"}, 201)
            await org.delete(f"{members(org)}/{made['user_id']}")

    assert caplog.text.count(f"Mail to {email}") == 1


async def test_an_invitation_leaves_a_pending_code(org: Tenant, clock: MovingClock, caplog: Log) -> None:
    """Who was about to sign in still can."""
    email = fresh_email()
    with caplog.at_level(logging.INFO, "spooled.mail"):
        await org.post("/auth/email/start", {"email": email})
    code = re.findall(r"Your code is (\w{6})", caplog.text)[-1]
    clock.advance(minutes=1)
    await org.post(members(org), {"email": email, "role": "member"}, 201)

    assert (await org.post("/auth/email/verify", {"email": email, "code": code}))["type"] == "login"


async def test_a_deleted_organization_has_no_people(
    org: Tenant, other_org: Tenant, clock: MovingClock, caplog: Log
) -> None:
    """Sessions of its members end; who belonged to it alone may sign up anew, others keep their others."""
    email = fresh_email()
    await org.post(members(org), {"email": email, "role": "admin"}, 201)
    clock.advance(minutes=1)
    session = await session_of(Api(org.client), email, caplog)
    await other_org.post(members(other_org), {"email": email, "role": "member"}, 201)

    await session.delete(f"/organizations/{org.org_id}")

    await session.get("/auth/me", status=401)
    clock.advance(minutes=1)
    assert (await session_of(Api(org.client), email, caplog)).org_id == other_org.org_id
