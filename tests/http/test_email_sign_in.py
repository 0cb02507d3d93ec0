"""Signing in and up by e-mail: a code, a session, an organization."""

import logging
import re

import pytest

from shared.core import Core
from tests.support.api import Api, Tenant
from tests.support.clock import MovingClock
from tests.support.mailbox import Mailbox
from tests.support.people import fresh_email, fresh_slug, served, signed_up, verified
from tests.support.run import free_port


async def test_a_new_person_signs_up_and_in_again(
    mailing: Api, mail_server: Mailbox, clock: MovingClock
) -> None:
    """A code proves the address, sign-up makes organization, key and owner, the next code signs in."""
    email = fresh_email()
    before = await mailing.get("/auth/check-email", {"email": email})
    offer = await verified(mailing, mail_server, email)
    slug = fresh_slug()
    made = await mailing.post(
        "/auth/signup/complete",
        {"signup_token": offer["signup_token"], "name": "New Company", "slug": slug},
        201,
    )
    clock.advance(minutes=1)
    login = await verified(mailing, mail_server, email.upper())
    after = await mailing.get("/auth/check-email", {"email": email})

    assert before == {"exists": False, "available": True, "signup_enabled": True, "has_organizations": False}
    assert (offer["type"], offer["email"], offer["expires_in"]) == ("signup", email, 1800)
    assert made["organization"] == {
        "id": made["organization"]["id"],
        "name": "New Company",
        "slug": slug,
        "billing_email": email,
    }
    assert (await Tenant(mailing.client, made["api_key"]).push())["organization_id"] == made["organization"][
        "id"
    ]
    assert (login["type"], login["email"], login["token_type"], login["expires_in"]) == (
        "login",
        email,
        "Bearer",
        3600,
    )
    assert login["organizations"] == [{"id": made["organization"]["id"], "role": "owner"}]
    assert after == {"exists": True, "available": False, "signup_enabled": True, "has_organizations": True}


async def test_a_session_of_a_person_works_on_every_auth_route(mailing: Api, mail_server: Mailbox) -> None:
    """me, validate, refresh and logout know a session that has no API key."""
    email = fresh_email()
    made = await signed_up(mailing, mail_server, email)
    session = Tenant(mailing.client, made["access_token"], made["organization"]["id"])
    me = await session.get("/auth/me")
    valid = await mailing.post("/auth/validate", {"token": made["access_token"]})
    fresh = await mailing.post("/auth/refresh", {"refresh_token": made["refresh_token"]})
    refreshed = Tenant(mailing.client, fresh["access_token"], session.org_id)
    again = await refreshed.get("/auth/me")
    await session.post("/auth/logout", {"refresh_token": made["refresh_token"]}, 204)

    assert (me["organization_id"], me["role"], me["queues"]) == (session.org_id, "owner", [])
    assert me["user_id"].startswith("user_")
    assert me["api_key_id"] == me["user_id"] == again["user_id"] == valid["claims"]["user_id"]
    assert (valid["valid"], valid["organization_id"]) == (True, session.org_id)
    await session.get("/auth/me", status=401)
    await mailing.post("/auth/refresh", {"refresh_token": made["refresh_token"]}, 401)
    assert (await mailing.post("/auth/validate", {"token": made["access_token"]}))["valid"] is False
    await refreshed.get("/auth/me")


async def test_an_owner_may_do_all(mailing: Api, mail_server: Mailbox) -> None:
    """An owner's session opens the routes that a key with all rights opens."""
    made = await signed_up(mailing, mail_server, fresh_email())
    owner = Tenant(mailing.client, made["access_token"], made["organization"]["id"])

    await owner.push()
    await owner.post("/api-keys", {"name": "Laptop"}, 201)
    await owner.put(f"/organizations/{owner.org_id}", {"name": "Renamed"})
    assert len(await owner.get(f"/organizations/{owner.org_id}/members")) == 1


async def test_a_taken_slug_leaves_the_sign_up_token(mailing: Api, mail_server: Mailbox, org: Tenant) -> None:
    """409 for a slug that somebody has; then another slug works, and then the token is used up."""
    taken = (await org.get(f"/organizations/{org.org_id}"))["slug"]
    offer = await verified(mailing, mail_server, fresh_email())
    body = {"signup_token": offer["signup_token"], "name": "New Company", "slug": taken}
    refused = await mailing.post("/auth/signup/complete", body, 409)
    await mailing.post("/auth/signup/complete", body | {"slug": fresh_slug()}, 201)
    used = await mailing.post("/auth/signup/complete", body | {"slug": fresh_slug()}, 401)

    assert "slug" in refused["message"]
    assert "ask for a new code" in used["message"]


async def test_a_sign_up_token_ends(mailing: Api, mail_server: Mailbox, clock: MovingClock) -> None:
    """After half an hour, or when the address was proven again, a token is none."""
    email = fresh_email()
    old = await verified(mailing, mail_server, email)
    clock.advance(minutes=1)
    new = await verified(mailing, mail_server, email)
    body = {"name": "New Company", "slug": fresh_slug()}
    await mailing.post("/auth/signup/complete", body | {"signup_token": old["signup_token"]}, 401)
    clock.advance(minutes=31)
    await mailing.post("/auth/signup/complete", body | {"signup_token": new["signup_token"]}, 401)
    await mailing.get("/auth/me", status=401)


async def test_closed_registration_refuses_sign_up(core: Core, mail_server: Mailbox) -> None:
    """403 where administrators make organizations, and check-email says so before."""
    api = served(core, smtp_url=mail_server.url, mail_from="a@b.example", open_registration=False)
    email = fresh_email()
    offer = await verified(api, mail_server, email)
    body = {"signup_token": offer["signup_token"], "name": "New Company", "slug": fresh_slug()}
    refused = await api.post("/auth/signup/complete", body, 403)
    known = await api.get("/auth/check-email", {"email": email})
    headers = {"X-Admin-Key": "admin-key-for-tests"}
    await api.call("POST", "/auth/signup/complete", 201, json=body, headers=headers)

    assert (refused["code"], known["signup_enabled"]) == ("ACCESS_DENIED", False)


async def test_in_production_without_a_mail_server_it_is_404(core: Core) -> None:
    """The routes say which setting is missing; nobody can sign up."""
    api = served(core, spooled_env="production", open_registration=True)
    email = fresh_email()
    answers = [
        await api.post("/auth/email/start", {"email": email}, 404),
        await api.post("/auth/email/verify", {"email": email, "code": "AAAAAA"}, 404),
        await api.post(
            "/auth/signup/complete", {"signup_token": "x", "name": "New Company", "slug": "new-company"}, 404
        ),
    ]

    assert ["SMTP_URL" in answer["message"] for answer in answers] == [True] * 3
    assert (await api.get("/auth/check-email", {"email": email}))["signup_enabled"] is False


async def test_in_development_the_code_stands_in_the_log(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    """Without a mail server one signs in with the code from the log."""
    email = fresh_email()
    with caplog.at_level(logging.INFO, "spooled.mail"):
        await api.post("/auth/email/start", {"email": email})
    found = re.search(r"Your code is (\w{6})", caplog.text)
    assert found

    assert (await api.post("/auth/email/verify", {"email": email, "code": found[1]}))["type"] == "signup"


async def test_a_mail_server_that_is_down_is_503(core: Core) -> None:
    """The answer says when to try again."""
    api = served(core, smtp_url=f"smtp://127.0.0.1:{free_port()}", mail_from="a@b.example")
    answer = await api.raw("POST", "/auth/email/start", json={"email": fresh_email()})

    assert (answer.status_code, answer.json()["code"]) == (503, "SERVICE_UNAVAILABLE")
    assert answer.headers["retry-after"] == "30"
