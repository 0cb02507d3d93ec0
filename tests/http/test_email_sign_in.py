"""Signing in and up by e-mail: a code, a session, an organization; nothing is learnt by asking."""

import asyncio
import logging
import re
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from functions.app import every_function
from functions.ticks.tokens import run_once as forget
from shared.core import Core
from shared.edge.service import Service
from tests.support.api import Api, Tenant
from tests.support.clock import MovingClock
from tests.support.mailbox import Mailbox, running_mail_server
from tests.support.run import free_port


@pytest.fixture(scope="module")
def mail_server() -> Iterator[Mailbox]:
    with running_mail_server() as mailbox:
        yield mailbox


def fresh_email() -> str:
    return f"j-{uuid.uuid4().hex[:12]}@example.com"


def fresh_slug() -> str:
    return f"s-{uuid.uuid4().hex[:16]}"


def served(core: Core, **settings: Any) -> Api:
    """The API with other settings."""
    changed = replace(core, settings=core.settings.model_copy(update=settings))

    async def opened() -> Core:
        return changed

    transport = httpx.ASGITransport(Service(every_function()[0], opened))
    return Api(httpx.AsyncClient(transport=transport, base_url="http://spooled"))


@pytest.fixture
async def mailing(core: Core, mail_server: Mailbox) -> AsyncIterator[Api]:
    """The API of a service that sends mail through a real server."""
    api = served(core, smtp_url=mail_server.url, mail_from="Spooled <no-reply@spooled.example>")
    async with api.client:
        yield api


def code_for(mailbox: Mailbox, email: str) -> str:
    """The code of the latest mail to an address."""
    found = re.search(r"Your code is ([A-Z0-9]{6})\n", mailbox.to(email)[-1].get_content())
    assert found
    return found[1]


async def verified(api: Api, mailbox: Mailbox, email: str) -> Any:
    await api.post("/auth/email/start", {"email": email})
    return await api.post("/auth/email/verify", {"email": email, "code": code_for(mailbox, email)})


async def signed_up(api: Api, mailbox: Mailbox, email: str) -> Any:
    offer = await verified(api, mailbox, email)
    body = {"signup_token": offer["signup_token"], "name": "New Company", "slug": fresh_slug()}
    return await api.post("/auth/signup/complete", body, 201)


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


async def test_the_answer_is_the_same_for_every_address(
    mailing: Api, mail_server: Mailbox, clock: MovingClock
) -> None:
    """Neither start nor a wrong code tells whether somebody has an account."""
    known, unknown = fresh_email(), fresh_email()
    await signed_up(mailing, mail_server, known)
    clock.advance(minutes=1)
    answers = []
    for email in (known, unknown):
        none = await mailing.post("/auth/email/verify", {"email": email, "code": "AAAAAA"}, 404)
        sent = await mailing.post("/auth/email/start", {"email": email})
        shown = f"j***{email.partition('@')[0][-1]}@example.com"
        assert (sent.pop("email_sent_to"), sent.pop("email_to")) == (shown, shown)
        wrong = await mailing.post("/auth/email/verify", {"email": email, "code": "AAAAAA"}, 400)
        answers.append((none, sent, wrong))

    assert answers[0] == answers[1]
    assert answers[0][1] == {
        "message": answers[0][1]["message"],
        "expires_in": 600,
        "success": True,
        "sent": True,
    }


async def test_a_code_is_used_once_in_either_case(mailing: Api, mail_server: Mailbox) -> None:
    """The code may be typed in lower case with spaces around it; a second use finds none pending."""
    email = fresh_email()
    await mailing.post("/auth/email/start", {"email": f"  {email.upper()} "})
    code = code_for(mail_server, email)
    await mailing.post("/auth/email/verify", {"email": email, "code": f" {code.lower()} "})
    again = await mailing.post("/auth/email/verify", {"email": email, "code": code}, 404)

    assert not set(code) & set("01ILO")
    assert "No code is pending" in again["message"]


async def test_of_two_at_once_one_comes_in(mailing: Api, mail_server: Mailbox) -> None:
    """The right code sent twice at the same moment signs in once."""
    email = fresh_email()
    await mailing.post("/auth/email/start", {"email": email})
    body = {"email": email, "code": code_for(mail_server, email)}
    answers = await asyncio.gather(*[mailing.raw("POST", "/auth/email/verify", json=body) for _ in range(5)])

    assert sorted(answer.status_code for answer in answers) == [200, 404, 404, 404, 404]


async def test_five_guesses_and_no_more(mailing: Api, mail_server: Mailbox) -> None:
    """After five wrong codes the right one is of no use, however fast they come."""
    email = fresh_email()
    await mailing.post("/auth/email/start", {"email": email})
    code = code_for(mail_server, email)
    wrong = {"email": email, "code": "AAAAAA" if code != "AAAAAA" else "BBBBBB"}
    answers = await asyncio.gather(*[mailing.raw("POST", "/auth/email/verify", json=wrong) for _ in range(8)])
    await mailing.post("/auth/email/verify", {"email": email, "code": code}, 404)

    assert sorted(answer.status_code for answer in answers) == [400] * 5 + [404] * 3


async def test_a_code_ends_after_ten_minutes(mailing: Api, mail_server: Mailbox, clock: MovingClock) -> None:
    """An old code is as good as none."""
    email = fresh_email()
    await mailing.post("/auth/email/start", {"email": email})
    clock.advance(minutes=10, seconds=1)

    await mailing.post("/auth/email/verify", {"email": email, "code": code_for(mail_server, email)}, 404)


async def test_a_new_code_replaces_the_old_one(
    mailing: Api, mail_server: Mailbox, clock: MovingClock
) -> None:
    """Only the latest mail counts."""
    email = fresh_email()
    await mailing.post("/auth/email/start", {"email": email})
    old = code_for(mail_server, email)
    clock.advance(seconds=31)
    await mailing.post("/auth/email/start", {"email": email})
    new = code_for(mail_server, email)

    await mailing.post("/auth/email/verify", {"email": email, "code": old}, 400)
    await mailing.post("/auth/email/verify", {"email": email, "code": new})


async def test_an_address_is_sent_one_code_in_half_a_minute_and_five_in_an_hour(
    mailing: Api, mail_server: Mailbox, clock: MovingClock
) -> None:
    """Beyond that it is 429 with the seconds to wait, and nothing is sent; in any window of an hour."""
    email = fresh_email()
    await mailing.post("/auth/email/start", {"email": email})
    soon = await mailing.raw("POST", "/auth/email/start", json={"email": email})
    for _ in range(4):
        clock.advance(minutes=5)
        await mailing.post("/auth/email/start", {"email": email})
    clock.advance(minutes=5)
    full = await mailing.raw("POST", "/auth/email/start", json={"email": email})
    clock.advance(minutes=35, seconds=2)
    await mailing.post("/auth/email/start", {"email": email})
    clock.advance(minutes=1)
    still = await mailing.raw("POST", "/auth/email/start", json={"email": email})

    assert (soon.status_code, soon.json()["code"]) == (429, "RATE_LIMIT_EXCEEDED")
    assert 1 <= int(soon.headers["retry-after"]) <= 31
    assert full.status_code == still.status_code == 429
    assert 2000 < int(full.headers["retry-after"]) <= 2101
    assert len(mail_server.to(email)) == 6


async def test_two_starts_at_once_send_one_mail(mailing: Api, mail_server: Mailbox) -> None:
    """The limit of an address holds between requests that meet."""
    email = fresh_email()
    answers = await asyncio.gather(
        *[mailing.raw("POST", "/auth/email/start", json={"email": email}) for _ in range(5)]
    )

    assert sorted(answer.status_code for answer in answers) == [200, 429, 429, 429, 429]
    assert len(mail_server.to(email)) == 1


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


@pytest.mark.parametrize(
    "email",
    [
        "",
        "john",
        "john@",
        "john@localhost",
        "a b@example.com",
        "a@b@example.com",
        "a@-b.com",
        "john@example.com\nBcc: x@example.com",
        "jöhn@example.com",
        "a" * 65 + "@example.com",
        "a@" + "b." * 130 + "com",
    ],
)
async def test_what_is_no_address_is_400(api: Api, email: str) -> None:
    """An address that no mail could reach, or that would reach into the head of one, is refused by name."""
    refused = await api.post("/auth/email/start", {"email": email}, 400)
    await api.get("/auth/check-email", {"email": email}, 400)
    await api.post("/auth/email/verify", {"email": email, "code": "AAAAAA"}, 400)

    assert refused["details"][0]["field"] == "email"


@pytest.mark.parametrize(("code", "status"), [("", 400), ("AAAAA", 400), ("AAAAAAA", 400), (123456, 422)])
async def test_a_code_has_six_characters(api: Api, code: object, status: int) -> None:
    """Anything else is refused before it counts as a guess."""
    await api.post("/auth/email/verify", {"email": fresh_email(), "code": code}, status)


async def test_proofs_are_forgotten_once_of_no_use(
    mailing: Api, mail_server: Mailbox, core: Core, clock: MovingClock
) -> None:
    """Addresses of people who never came back are not kept."""
    await verified(mailing, mail_server, fresh_email())
    clock.advance(minutes=61)

    assert (await forget.run_once(core, clock(), 5))["proofs"] >= 2
    assert (await forget.run_once(core, clock(), 5))["proofs"] == 0
