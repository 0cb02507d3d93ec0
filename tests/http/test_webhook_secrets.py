"""Secrets of webhooks, out and in, are replaced with an overlap in which both are good."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from functions.ticks.deliveries import run_once as deliveries
from functions.ticks.tokens import run_once as tokens
from shared import ids
from shared.core import Core
from shared.store import SYSTEM, Query
from shared.webhooks import rotation
from tests.support.api import Tenant, field_of
from tests.support.clock import MovingClock
from tests.support.inbound import custom, github, set_settings, stripe, token_of
from tests.support.targets import OK, Received, Target, answering, listening

HOOK = {"name": "h", "events": ["job.created"]}
DAY = 86_400


def signature(secret: str, request: Received) -> str:
    signed = f"{request.headers['x-spooled-timestamp']}.".encode() + request.body
    return "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


@pytest.fixture
async def target() -> AsyncIterator[Target]:
    async with listening() as target:
        yield target


async def hook_of(org: Tenant, target: Target, secret: str | None = "old secret") -> str:
    made = await org.post("/outgoing-webhooks", HOOK | {"url": target.url, "secret": secret}, 201)
    return f"/outgoing-webhooks/{made['id']}"


def only_verified(target: Target, secret: Callable[[], str]) -> Callable[[asyncio.StreamWriter], Any]:
    """A receiver as its users have it: one secret, one signature, 401 for any other."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        request = target.requests[-1]
        is_ours = request.headers["x-spooled-signature"] == signature(secret(), request)
        writer.write(OK if is_ours else answering(401))
        await writer.drain()

    return answer


async def test_both_secrets_sign_until_the_overlap_ends(
    org: Tenant, target: Target, clock: MovingClock
) -> None:
    """The old one signs where it always did, both in the list; then the new one alone, by itself."""
    hook = await hook_of(org, target)
    made = await org.post(f"{hook}/rotate-secret")
    await org.post(f"{hook}/test")
    clock.advance(seconds=DAY - 1)
    await org.post(f"{hook}/test")
    clock.advance(seconds=1)
    await org.post(f"{hook}/test")

    during, late, after = target.requests
    new = made["secret"]
    assert new.startswith("whsec_")
    for request in (during, late):
        assert request.headers["x-spooled-signature"] == signature("old secret", request)
        assert request.headers["x-spooled-signatures"].split(" ") == [
            signature("old secret", request),
            signature(new, request),
        ]
    assert (
        after.headers["x-spooled-signature"] == after.headers["x-spooled-signatures"] == signature(new, after)
    )
    shown = await org.get(hook)
    assert "secret" not in shown
    assert made == shown | {"secret": new}


async def test_a_receiver_may_change_its_secret_at_any_time(
    org: Tenant, target: Target, core: Core, clock: MovingClock
) -> None:
    """One that looks at one signature and knows either secret takes every delivery, at its first attempt."""
    known = ["old secret"]
    target.answer = only_verified(target, lambda: known[0])
    hook = await hook_of(org, target)
    await core.store.fetch(SYSTEM, Query("clear", "DELETE FROM webhook_delivery", hot=False))

    async def deliver() -> None:
        await org.push()
        await deliveries.run_once(core, clock(), 30)

    await deliver()
    new = (await org.post(f"{hook}/rotate-secret", {"overlap_seconds": 3600}))["secret"]
    await deliver()
    known[0] = new
    await deliver()
    clock.advance(seconds=3600)
    await deliver()

    found = await org.get(f"{hook}/deliveries")
    assert [(one["status"], one["attempts"]) for one in found] == [("success", 1)] * 4
    assert len(target.requests) == 5
    assert (await org.post(f"{hook}/test"))["success"]


@pytest.mark.parametrize(("status", "requests"), [(401, 2), (400, 2), (500, 2), (404, 1), (429, 1), (503, 1)])
async def test_only_what_may_be_a_wrong_signature_is_sent_again(
    org: Tenant, target: Target, status: int, requests: int
) -> None:
    """A receiver that is away or busy is not asked twice, nor is anybody without an overlap."""
    target.answer = answering(status)
    hook = await hook_of(org, target)
    await org.post(f"{hook}/test")
    assert len(target.requests) == 1
    await org.post(f"{hook}/rotate-secret")
    tested = await org.post(f"{hook}/test")

    assert len(target.requests) == 1 + requests
    assert (tested["success"], tested["status_code"]) == (False, status)


async def test_a_second_click_makes_no_third_secret(org: Tenant, target: Target, clock: MovingClock) -> None:
    """While two are good another is refused, and changes nothing; at once both can be ended all the same."""
    hook = await hook_of(org, target)
    new = (await org.post(f"{hook}/rotate-secret"))["secret"]
    answers = await asyncio.gather(*[org.raw("POST", f"{hook}/rotate-secret", json={}) for _ in range(3)])
    await org.post(f"{hook}/test")
    at_once = await org.post(f"{hook}/rotate-secret", {"overlap_seconds": 0, "secret": "mine"})
    await org.post(f"{hook}/test")
    await org.post(f"{hook}/rotate-secret", {"overlap_seconds": 60})
    clock.advance(seconds=60)
    await org.post(f"{hook}/rotate-secret", {"overlap_seconds": 60})

    assert [answer.status_code for answer in answers] == [409] * 3
    assert "overlap_seconds: 0" in answers[0].json()["message"]
    assert signature(new, target.requests[0]) in target.requests[0].headers["x-spooled-signatures"]
    assert (at_once["secret"], at_once["overlap_ends_at"]) == ("mine", None)
    assert target.requests[1].headers["x-spooled-signatures"] == signature("mine", target.requests[1])


async def test_a_secret_that_is_set_between_two_clicks_is_no_fault(
    org: Tenant, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who rotates while another is at it, and loses, is told 409 though the overlap has ended meanwhile."""
    hook = await hook_of(org, target)
    await org.post(f"{hook}/rotate-secret")
    find = rotation.find_webhook

    async def set_meanwhile(*arguments: Any) -> Any:
        await org.put(hook, {"secret": "set"})
        return await find(*arguments)

    monkeypatch.setattr(rotation, "find_webhook", set_meanwhile)
    refused = await org.post(f"{hook}/rotate-secret", status=409)

    assert "again" in refused["message"]


async def test_a_secret_that_is_set_ends_the_overlap(org: Tenant, target: Target) -> None:
    """PUT replaces or removes the secret at once, as it always did; a webhook without one just gets one."""
    hook = await hook_of(org, target, None)
    first = await org.post(f"{hook}/rotate-secret")
    await org.post(f"{hook}/rotate-secret")
    await org.put(hook, {"secret": "set"})
    await org.post(f"{hook}/test")
    await org.post(f"{hook}/rotate-secret")
    kept = await org.put(hook, {"name": "other"})
    await org.put(hook, {"secret": None})
    await org.post(f"{hook}/test")

    assert first["overlap_ends_at"] is None
    assert target.requests[0].headers["x-spooled-signatures"] == signature("set", target.requests[0])
    assert kept["overlap_ends_at"] is not None
    assert "x-spooled-signature" not in target.requests[1].headers


async def test_a_secret_that_cannot_be_read_any_more_is_replaced_by_rotation(
    org: Tenant, target: Target, core: Core
) -> None:
    """Nobody waits for the end of an overlap with a secret that nobody has: the new one signs alone."""
    hook = await hook_of(org, target)
    lost = Query(
        "lose",
        "UPDATE webhook SET sealed_secret = set_byte(sealed_secret, 20, 255 - get_byte(sealed_secret, 20))"
        " WHERE org_id = %(org_id)s",
        hot=False,
    )
    await core.store.fetch(SYSTEM, lost, org_id=ids.decode("org", org.org_id))
    before = await org.post(f"{hook}/test")
    new = (await org.post(f"{hook}/rotate-secret"))["secret"]
    tested = await org.post(f"{hook}/test")

    assert (before["success"], tested["success"]) == (False, True)
    assert target.requests[0].headers["x-spooled-signatures"] == signature(new, target.requests[0])


async def test_rotation_has_its_bounds_and_its_rights(org: Tenant, other_org: Tenant, target: Target) -> None:
    """Thirty days at most; another's webhook is not there; it takes the right to write webhooks."""
    hook = await hook_of(org, target)
    for body in ({"overlap_seconds": -1}, {"overlap_seconds": 30 * DAY + 1}, {"secret": ""}):
        refused = await org.post(f"{hook}/rotate-secret", body, 400)
        assert field_of(refused) == next(iter(body))
    await other_org.post(f"{hook}/rotate-secret", status=404)
    reader = await org.with_key(permissions=["webhooks:read"])
    await reader.post(f"{hook}/rotate-secret", status=403)
    secret = (await org.post(f"{hook}/rotate-secret", {"overlap_seconds": 30 * DAY}))["secret"]

    (entry,) = [one for one in await org.get("/audit") if one["act"] == "webhooks.rotate_secret"][:1]
    assert (entry["outcome"], entry["details"]) == ("done", {"overlap_seconds": 30 * DAY})
    assert secret not in str(await org.get("/audit"))


async def test_a_secret_that_has_ended_is_forgotten(
    org: Tenant, target: Target, core: Core, clock: MovingClock
) -> None:
    """The timer deletes what signs nothing any more, and nothing sooner."""
    hook = await hook_of(org, target)
    await org.post(f"{hook}/rotate-secret", {"overlap_seconds": 60})
    await tokens.run_once(core, clock(), 30)
    before = await org.get(hook)
    clock.advance(seconds=60)
    await tokens.run_once(core, clock(), 30)

    assert before["overlap_ends_at"] is not None
    assert (await org.get(hook))["overlap_ends_at"] is None


async def test_a_token_or_secret_of_senders_that_has_ended_is_forgotten(
    org: Tenant, core: Core, clock: MovingClock
) -> None:
    """The timer deletes each that opens nothing any more, and leaves those that are good."""
    kept = Query("kept", "SELECT previous_secrets FROM organization WHERE org_id = %(org_id)s", hot=False)

    async def names() -> set[str]:
        await tokens.run_once(core, clock(), 30)
        (row,) = await core.store.fetch(SYSTEM, kept, org_id=ids.decode("org", org.org_id))
        return set(row["previous_secrets"])

    path = "/organizations/webhook-secrets/github/rotate"
    await org.post(path)
    await org.post(path, {"overlap_seconds": 120})
    await org.post("/organizations/webhook-token/regenerate", {"overlap_seconds": 60})
    during = await names()
    clock.advance(seconds=60)
    later = await names()
    clock.advance(seconds=60)

    assert (during, later) == ({"webhook_token", "github_webhook_secret"}, {"github_webhook_secret"})
    assert await names() == set()


async def test_the_token_of_senders_has_an_overlap_when_asked_for(org: Tenant, clock: MovingClock) -> None:
    """Both tokens open webhooks until it ends; without one the old token ends at once, as ever."""
    path = "/organizations/webhook-token/regenerate"
    old = await token_of(org)
    new = (await org.post(path, {"overlap_seconds": 60}))["token"]
    both = [(await custom(org, token)).status_code for token in (old, new, "whk_wrong")]
    await org.post(path, {"overlap_seconds": 60}, 409)
    clock.advance(seconds=60)
    ended = [(await custom(org, token)).status_code for token in (old, new)]
    last = (await org.post(path))["token"]
    at_once = [(await custom(org, token)).status_code for token in (old, new, last)]

    assert (both, ended, at_once) == ([200, 200, 401], [401, 200], [401, 401, 200])


async def test_a_token_that_is_cleared_or_set_leaves_no_other_good(org: Tenant) -> None:
    """Clear stops everything, and a token in the settings takes the place of both."""
    path = "/organizations/webhook-token"
    old = await token_of(org)
    new = (await org.post(f"{path}/regenerate", {"overlap_seconds": 60}))["token"]
    await set_settings(org, webhook_token="a-token-of-our-own")
    set_at_once = [(await custom(org, token)).status_code for token in (old, new, "a-token-of-our-own")]
    await org.post(f"{path}/regenerate", {"overlap_seconds": 60})
    own_before = (await custom(org, "a-token-of-our-own")).status_code
    await org.post(f"{path}/clear", {"confirm": True})

    assert (set_at_once, own_before) == ([401, 401, 200], 200)
    assert (await custom(org, "a-token-of-our-own")).status_code == 401


@pytest.mark.parametrize("provider", ["github", "stripe"])
async def test_a_provider_may_sign_with_either_secret(org: Tenant, clock: MovingClock, provider: str) -> None:
    """Both are good until the overlap ends; a secret that is set or removed is so at once."""

    async def send(secret: str) -> int:
        answer = (
            await github(org, secret=secret)
            if provider == "github"
            else await stripe(org, int(clock().timestamp()), secret=secret)
        )
        return answer.status_code

    async def taken(*secrets: str) -> list[int]:
        return [await send(secret) for secret in secrets]

    path = f"/organizations/webhook-secrets/{provider}/rotate"
    await org.post(path, {"secret": "first", "overlap_seconds": 60})
    made = await org.post(path, {"secret": "second", "overlap_seconds": 60})
    both = await taken("first", "second", "third")
    await org.post(path, {"secret": "third", "overlap_seconds": 60}, 409)
    await set_settings(org, github_webhook_secret="second", other=1) if provider == "github" else None
    untouched = await taken("first")
    clock.advance(seconds=60)
    ended = await taken("first", "second")
    await org.post(path, {"secret": "third"})
    await set_settings(org, **{f"{provider}_webhook_secret": "fourth"})
    at_once = await taken("second", "third", "fourth")

    assert (made["provider"], made["secret"]) == (provider, "second")
    assert made["overlap_ends_at"] is not None
    assert (both, untouched, ended) == ([200, 200, 401], [200], [401, 200])
    assert at_once == [401, 401, 200]


async def test_a_provider_that_makes_its_secret_must_be_asked_first(org: Tenant) -> None:
    """GitHub takes a secret from us, Stripe gives one to us; there is no other provider."""
    made = await org.post("/organizations/webhook-secrets/github/rotate")
    refused = await org.post("/organizations/webhook-secrets/stripe/rotate", status=400)
    await org.post("/organizations/webhook-secrets/gitlab/rotate", status=404)
    narrow = await org.with_key(permissions=["organization:read"])
    await narrow.post("/organizations/webhook-secrets/github/rotate", status=403)

    assert (await github(org, secret=made["secret"])).status_code == 200
    assert field_of(refused) == "secret"
