"""Codes by e-mail: one use, few guesses, few mails; nothing is learnt by asking."""

import asyncio

import pytest

from functions.ticks.tokens import run_once as forget
from shared.core import Core
from tests.support.api import Api
from tests.support.clock import MovingClock
from tests.support.mailbox import Mailbox
from tests.support.people import code_for, fresh_email, signed_up, verified


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


async def test_a_client_cannot_write_to_the_whole_world(mailing: Api) -> None:
    """Sixty people of one office get their codes at once; the client that goes on is told to wait."""
    starts = [
        (await mailing.raw("POST", "/auth/email/start", json={"email": fresh_email()})).status_code
        for _ in range(60)
    ]
    full = await mailing.raw("POST", "/auth/email/start", json={"email": fresh_email()})

    assert starts == [200] * 60
    assert (full.status_code, full.json()["code"]) == (429, "RATE_LIMIT_EXCEEDED")
    assert 1 <= int(full.headers["retry-after"]) <= 5


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/auth/check-email", 200), ("POST", "/auth/email/verify", 404)],
)
async def test_a_client_cannot_ask_for_every_address(api: Api, method: str, path: str, status: int) -> None:
    """Nobody reads out who is known here, nor tries codes one address after the other."""
    said = []
    for _ in range(150):
        body = {"email": fresh_email(), "code": "AAAAAA"}
        given = {"params": body} if method == "GET" else {"json": body}
        said.append((await api.raw(method, path, **given)).status_code)

    assert set(said[:100]) == {status}
    assert said[-1] == 429


async def test_two_starts_at_once_send_one_mail(mailing: Api, mail_server: Mailbox) -> None:
    """The limit of an address holds between requests that meet."""
    email = fresh_email()
    answers = await asyncio.gather(
        *[mailing.raw("POST", "/auth/email/start", json={"email": email}) for _ in range(5)]
    )

    assert sorted(answer.status_code for answer in answers) == [200, 429, 429, 429, 429]
    assert len(mail_server.to(email)) == 1


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
