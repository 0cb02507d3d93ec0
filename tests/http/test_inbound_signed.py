"""Inbound webhooks that GitHub and Stripe sign."""

import asyncio
import json
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.support.api import Tenant
from tests.support.clock import MovingClock
from tests.support.inbound import (
    GITHUB_SECRET,
    STRIPE_SECRET,
    github,
    hmac_hex,
    log,
    new_id,
    send,
    set_settings,
    stripe,
    token_of,
)


@pytest.fixture
async def signed(org: Tenant) -> Tenant:
    """An organization that has told us the secrets of its senders."""
    await set_settings(org, github_webhook_secret=GITHUB_SECRET, stripe_webhook_secret=STRIPE_SECRET)
    return org


@pytest.fixture
def second(clock: MovingClock) -> int:
    return int(clock().timestamp())


async def test_an_event_of_github_becomes_a_job(signed: Tenant) -> None:
    """The job knows the event, the delivery and the whole body."""
    sent = await github(signed, b'{"ref": "main", "n": 1e5}', X_GitHub_Delivery="d-1")
    job = await signed.dequeue("github")

    assert (sent.status_code, sent.json()["created"], sent.json()["job_id"]) == (200, True, job["id"])
    assert job["payload"] == {
        "provider": "github",
        "event": "push",
        "delivery_id": "d-1",
        "data": {"ref": "main", "n": 1e5},
    }


async def test_the_example_that_github_publishes_is_accepted(org: Tenant) -> None:
    """The signature is the one of GitHub's own documentation, and so is what it is made of."""
    await set_settings(org, github_webhook_secret="It's a Secret to Everybody")
    published = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"

    answers = [
        await send(org, "github", body, X_GitHub_Event="ping", X_Hub_Signature_256=published)
        for body in (b"Hello, World!", b"Hello, World")
    ]

    # The signed text is no JSON: past the signature it is 400.
    assert [answer.status_code for answer in answers] == [400, 401]


async def test_a_form_of_github_is_the_same_as_json(signed: Tenant) -> None:
    """GitHub's other content type signs the form and holds the JSON in one of its fields."""
    form = urlencode({"payload": json.dumps({"title": "a & b = ü"})}).encode()
    sent = await github(signed, form, Content_Type="application/x-www-form-urlencoded; charset=utf-8")
    job = await signed.dequeue("github")

    assert sent.status_code == 200
    assert job["payload"]["data"] == {"title": "a & b = ü"}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"payload=",
        b"payload=%7B",
        b"a=1",
        b"payload=%ff",
        b"\xff",
        b"&" * 100,
        b"a=1&" * 100,
        b"payload=%00",
    ],
)
async def test_a_form_without_an_event_is_400(signed: Tenant, content: bytes) -> None:
    """A form that holds no JSON is refused and makes no job."""
    sent = await github(signed, content, Content_Type="application/x-www-form-urlencoded")

    assert sent.status_code == 400
    assert await log(signed) == []


@pytest.mark.parametrize("content", [b"", b" ", b"not json", b"{", b"\xff\xfe", b'{"a": NaN}', b"[" * 500])
async def test_a_signed_body_that_is_no_json_is_400(signed: Tenant, second: int, content: bytes) -> None:
    """A genuine signature does not make an event of anything."""
    from_github = await github(signed, content)
    signature = f"t={second},v1={hmac_hex(STRIPE_SECRET, f'{second}.'.encode() + content)}"
    from_stripe = await send(signed, "stripe", content, Stripe_Signature=signature)

    assert (from_github.status_code, from_stripe.status_code) == (400, 400)


BODY = b'{"ref": "main"}'
GOOD = hmac_hex(GITHUB_SECRET, BODY)


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "sha256=",
        GOOD,
        f"sha1={GOOD}",
        f"sha256={GOOD[:-1]}",
        f"sha256={GOOD}0",
        f"SHA256={GOOD}",
        "é",
        "=" * 9,
        f"sha256={GOOD},sha256={GOOD}",
        f"sha256={hmac_hex('wrong', BODY)}",
        f"sha256={hmac_hex('', BODY)}",
    ],
)
async def test_a_bad_signature_of_github_is_401(signed: Tenant, signature: str) -> None:
    """Missing, garbled, cut or under another secret: nothing comes in, with or without the token."""
    token = await token_of(signed)
    alone = await github(signed, BODY, X_Hub_Signature_256=signature)
    with_token = await github(signed, BODY, X_Hub_Signature_256=signature, X_Webhook_Token=token)

    assert (alone.status_code, with_token.status_code) == (401, 401)
    assert alone.json()["message"].startswith("X-Hub-Signature-256: ")
    assert await log(signed) == []


async def test_a_token_beside_a_signature_must_be_right(signed: Tenant, second: int) -> None:
    """The token is not needed where a secret is set, and a wrong one is 401 all the same."""
    token = await token_of(signed)
    right = [await github(signed, X_Webhook_Token=token), await stripe(signed, second, X_Webhook_Token=token)]
    wrong = [await github(signed, X_Webhook_Token="x"), await stripe(signed, second, X_Webhook_Token="x")]

    assert [sent.status_code for sent in right] == [200, 200]
    assert [sent.status_code for sent in wrong] == [401, 401]


async def test_without_a_secret_the_token_is_needed(org: Tenant, second: int) -> None:
    """Nobody comes in by a signature that cannot be checked, an empty secret's included."""
    token = await token_of(org)
    await set_settings(org, github_webhook_secret="")
    unknown = [await github(org), await stripe(org, second), await github(org, secret="")]
    by_token = [await github(org, X_Webhook_Token=token), await stripe(org, second, X_Webhook_Token=token)]

    assert [sent.status_code for sent in unknown] == [401, 401, 401]
    assert [sent.status_code for sent in by_token] == [200, 200]


async def test_a_secret_is_that_of_its_organization(signed: Tenant, other_org: Tenant) -> None:
    """What one organization's sender signs does not come in for another."""
    await set_settings(other_org, github_webhook_secret="another secret")

    assert (await github(other_org)).status_code == 401
    assert (await github(other_org, secret="another secret")).status_code == 200
    assert len(await log(signed)) == 0


async def test_a_ping_is_taken_in_without_a_job(signed: Tenant) -> None:
    """GitHub asks with a ping whether the address works: 200, one entry, and no job."""
    sent = await github(signed, X_GitHub_Event="ping")
    (entry,) = await log(signed)

    assert (sent.status_code, sent.json()["created"], sent.json()["job_id"]) == (200, False, None)
    assert (entry["event_type"], entry["job_id"], entry["status"]) == ("ping", None, None)
    assert await signed.get("/jobs") == []


async def test_fifty_at_once_make_one_job(signed: Tenant, second: int) -> None:
    """Deliveries of one id that arrive together are one job and forty-nine duplicates of it."""
    delivery = new_id()
    from_github = await asyncio.gather(*(github(signed, X_GitHub_Delivery=delivery) for _ in range(50)))
    from_stripe = await asyncio.gather(*(stripe(signed, second) for _ in range(50)))

    for answers in (from_github, from_stripe):
        assert {answer.status_code for answer in answers} == {200}
        assert sum(answer.json()["created"] for answer in answers) == 1
        assert len({answer.json()["job_id"] for answer in answers}) == 1
    assert len(await signed.get("/jobs")) == 2
    assert len(await log(signed, status="duplicate", limit=100)) == 98


async def test_ids_of_different_senders_are_apart(signed: Tenant, second: int, other_org: Tenant) -> None:
    """One id is one delivery of one provider to one organization; without an id each is new."""
    await set_settings(other_org, github_webhook_secret=GITHUB_SECRET)
    answers = [
        await github(signed, X_GitHub_Delivery="evt_1"),
        await stripe(signed, second),
        await github(other_org, X_GitHub_Delivery="evt_1"),
        await github(signed, X_GitHub_Delivery=""),
        await github(signed, X_GitHub_Delivery=""),
    ]

    assert [answer.json()["created"] for answer in answers] == [True] * 5


async def test_events_go_where_the_settings_say(signed: Tenant, second: int) -> None:
    """A queue of the event comes before one of the provider, and that before the one of all."""

    async def queues() -> list[str]:
        answers = [
            await github(signed),
            await github(signed, X_GitHub_Event="issues"),
            await stripe(signed, second, {"id": new_id(), "type": "invoice.paid"}),
        ]
        return [answer.json()["queue_name"] for answer in answers]

    unset = await queues()
    await set_settings(signed, webhook_queue="all")
    one = await queues()
    await set_settings(signed, webhook_queues={"github": "code", "github:push": "builds", "stripe:x": "x"})
    each = await queues()

    assert unset == ["github", "github", "stripe"]
    assert one == ["all", "all", "all"]
    assert each == ["builds", "code", "all"]


@pytest.mark.parametrize(
    "headers",
    [
        {"X_GitHub_Event": ""},
        {"X_GitHub_Event": "x" * 256},
        {"X_GitHub_Event": "é\x85"},
        {"X_GitHub_Delivery": "x" * 256},
        {"X_GitHub_Delivery": "\x7f"},
    ],
)
async def test_garbage_in_the_headers_of_github_is_400(signed: Tenant, headers: dict[str, str]) -> None:
    """Without the name of an event, or with what is no name or id, it is 400."""
    assert (await github(signed, **headers)).status_code == 400


async def test_an_event_of_stripe_becomes_a_job(signed: Tenant, second: int) -> None:
    """The event's own id and type name it, and the job has all of it."""
    event: dict[str, Any] = {"id": "evt_9", "type": "charge.refunded", "data": {"object": {"amount": 2**70}}}
    sent = await stripe(signed, second, event)
    job = await signed.dequeue("stripe")
    (entry,) = await log(signed)

    assert sent.status_code == 200
    assert job["payload"] == {
        "provider": "stripe",
        "event": "charge.refunded",
        "delivery_id": "evt_9",
        "data": event,
    }
    assert (entry["provider"], entry["event_type"]) == ("stripe", "charge.refunded")


@pytest.mark.parametrize(
    "event", [[], "x", 1, {}, {"type": 1}, {"type": ""}, {"type": "x", "id": 1}, {"type": "x" * 256}]
)
async def test_what_is_no_event_of_stripe_is_400(signed: Tenant, second: int, event: Any) -> None:
    """A signed body without the type of an event is refused."""
    assert (await stripe(signed, second, event)).status_code == 400


@pytest.mark.parametrize(
    ("signature", "status"),
    [
        ("t={now},v1={good}", 200),
        ("t={now},v1={bad},v1={good},v0={bad}", 200),
        (" t={now} , v1={good} ", 200),
        ("t={now}", 401),
        ("v1={good}", 401),
        ("t={now},v0={good}", 401),
        ("t={now},v1={bad}", 401),
        ("t={other},v1={good}", 401),
        ("t={now},v1=é", 401),
        ("{good}", 401),
        ("", 401),
        ("," * 5000, 401),
    ],
)
async def test_a_signature_of_stripe(signed: Tenant, second: int, signature: str, status: int) -> None:
    """One genuine v1 over the time and the body is needed and enough."""
    content = b'{"id": "evt_1", "type": "x"}'
    good = hmac_hex(STRIPE_SECRET, f"{second}.".encode() + content)
    bad = hmac_hex("wrong", f"{second}.".encode() + content)
    header = signature.format(now=second, other=second + 1, good=good, bad=bad)

    assert (await send(signed, "stripe", content, Stripe_Signature=header)).status_code == status


@pytest.mark.parametrize(
    ("away", "status"), [(0, 200), (-299, 200), (299, 200), (-302, 401), (302, 401), (10**12, 401)]
)
async def test_a_signature_of_stripe_holds_five_minutes(
    signed: Tenant, second: int, away: int, status: int
) -> None:
    """A genuine signature of long ago or of a time to come is not accepted."""
    sent = await stripe(signed, second + away)

    assert sent.status_code == status


@pytest.mark.parametrize("stamp", ["", "x", "1.5", "-1", "٣", "9" * 400, "9" * 5000])
async def test_a_signed_time_that_is_none_is_401(signed: Tenant, stamp: str) -> None:
    """Whoever has the secret may sign any text as the time: it is never a fault."""
    content = b'{"id": "evt_1", "type": "x"}'
    signature = hmac_hex(STRIPE_SECRET, f"{stamp}.".encode() + content)

    sent = await send(signed, "stripe", content, Stripe_Signature=f"t={stamp},v1={signature}")

    assert sent.status_code == 401
