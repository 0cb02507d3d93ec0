"""Rate limits of organizations and keys, and the headers that tell of them."""

import asyncio
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from time import time
from typing import Any

import httpx
import pytest

from localstack.redis import running_redis
from shared.core import Core
from shared.edge.opening import open_core
from shared.limits.bucket import Rate
from shared.settings import Settings
from tests.support.api import Api, Tenant
from tests.support.clock import MovingClock

ADMIN = {"X-Admin-Key": "admin-key-for-tests"}
NAMES = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "X-RateLimit-Scope")


async def on_plan(org: Tenant, **fields: Any) -> Tenant:
    await org.call("PATCH", f"/admin/organizations/{org.org_id}", 200, json=fields, headers=ADMIN)
    return org


async def statuses(tenant: Tenant, count: int) -> list[int]:
    return [(await tenant.raw("GET", "/jobs/stats")).status_code for _ in range(count)]


def figures(response: httpx.Response) -> tuple[int, int, int, str]:
    limit, remaining, reset, scope = (response.headers[name] for name in NAMES)
    return int(limit), int(remaining), int(reset), scope


async def test_above_the_plans_burst_it_is_429_with_a_time_to_come_back(
    org: Tenant, clock: MovingClock
) -> None:
    """The free plan takes ten at once and five a second after that; a refusal says when, and is no quota."""
    clock.move_to(clock())
    await on_plan(org, plan_tier="free")

    burst = await statuses(org, 10)
    refused = [await org.raw("GET", "/jobs/stats") for _ in range(6)][-1]
    clock.advance(seconds=int(refused.headers["Retry-After"]))
    again = await statuses(org, 5)

    assert burst == [200] * 10
    assert refused.status_code == 429
    assert refused.json()["code"] == "RATE_LIMIT_EXCEEDED"
    assert not {"resource", "limit", "plan"} & set(refused.json())
    assert figures(refused)[0::3] == (10, "organization")
    assert again == [200] * 5


async def test_a_key_has_a_rate_of_its_own(org: Tenant, clock: MovingClock) -> None:
    """A key's limit is per minute and binds that key alone."""
    narrow = await org.with_key(rate_limit=3)

    burst = await statuses(narrow, 3)
    refused = await narrow.raw("POST", "/jobs", json={"queue": "emails", "payload": 1})
    others = await statuses(org, 5)
    clock.advance(seconds=int(refused.headers["Retry-After"]))
    again = await statuses(narrow, 1)

    assert burst == [200] * 3
    assert (refused.status_code, figures(refused)[0::3]) == (429, (3, "api_key"))
    assert "3 a minute are allowed" in refused.json()["message"]
    assert 15 <= int(refused.headers["Retry-After"]) <= 20
    assert await org.get("/jobs") == []
    assert (others, again) == ([200] * 5, [200])


async def test_the_figures_count_down(org: Tenant) -> None:
    """Each answer shows what is left and when all of it is back."""
    narrow = await org.with_key(rate_limit=100)

    first, second = [figures(await narrow.raw("GET", "/jobs")) for _ in range(2)]

    assert (first[0], second[0], first[1] - second[1]) == (100, 100, 1)
    assert time() - 1 <= first[2] <= time() + 61


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/health", 200),
        ("GET", "/metrics", 200),
        ("GET", "/openapi.json", 200),
        ("GET", "/jobs", 200),
        ("GET", "/jobs/job_x", 404),
        ("GET", "/nowhere", 404),
        ("PATCH", "/jobs", 405),
        ("POST", "/jobs", 400),
        ("GET", "/admin/plans", 401),
        ("OPTIONS", "/jobs", 204),
    ],
)
async def test_every_answer_carries_the_headers(org: Tenant, method: str, path: str, status: int) -> None:
    """Good or bad, known route or not, with a browser allowed to read them."""
    extra = {"Access-Control-Request-Method": "POST"} if method == "OPTIONS" else {}

    before = int(time())

    response = await org.raw(method, path, content=b"{", headers=extra)

    limit, remaining, reset, scope = figures(response)
    assert response.status_code == status
    assert 0 <= remaining <= limit
    assert reset >= before
    assert scope in {"organization", "service"}
    exposed = response.headers["Access-Control-Expose-Headers"]
    assert all(name in exposed for name in NAMES)


async def test_a_wrong_key_is_401_while_slowed_down(org: Tenant, api: Api) -> None:
    """Who is over the limit and who is nobody stay different answers; so do missing rights."""
    narrow = await org.with_key(rate_limit=1, permissions=["jobs:read"])
    await statuses(narrow, 2)

    wrong = await Tenant(api.client, "sk_live_" + "x" * 43).raw("GET", "/jobs")

    assert wrong.status_code == 401
    assert (await narrow.raw("GET", "/queues")).status_code == 403
    assert (await narrow.raw("GET", "/jobs")).status_code == 429


async def test_the_default_plan_is_stated_and_not_enforced(org: Tenant) -> None:
    """Who hosts the service is not slowed by its largest plan, unless a setting or limit says so."""
    answers = [await org.raw("GET", "/health/live") for _ in range(3)]
    many = []
    for _ in range(11):
        many += await asyncio.gather(*(org.raw("GET", "/jobs/stats") for _ in range(100)))

    assert {answer.status_code for answer in many} == {200}
    assert figures(many[-1])[0] == 1000
    assert [figures(answer)[3] for answer in answers] == ["service"] * 3


async def test_a_limit_of_its_own_binds_on_any_plan(org: Tenant) -> None:
    """`custom_limits` holds an organization of the largest plan to a rate."""
    limits = {"rate_limit_requests_per_second": 1, "rate_limit_burst": 2}
    await on_plan(org, custom_limits=limits)

    assert 429 in await statuses(org, 4)


async def test_wrong_logins_are_slowed_and_good_ones_are_not(org: Tenant) -> None:
    """A hundred good logins pass; wrong ones end in 429, which says when to come back."""
    good = [(await org.raw("POST", "/auth/login", json={"api_key": org.key})).status_code for _ in range(130)]
    wrong = [await org.raw("POST", "/auth/login", json={"api_key": "sk_live_wrong-key"}) for _ in range(150)]

    assert set(good) == {200}
    assert {answer.status_code for answer in wrong[:10]} == {401}
    assert wrong[-1].status_code == 429
    assert int(wrong[-1].headers["Retry-After"]) >= 1


async def test_two_processes_share_one_bucket(core: Core, settings: Settings) -> None:
    """What one lets in, the other has less of."""
    other = await open_core(settings)
    rate = Rate(f"shared:{time()}", "organization", 0.001, 10)
    now = core.clock()
    try:
        let_in = [(await one.rates.take([rate], now)).allowed for one in (core, other) * 10]
    finally:
        await other.close()

    assert let_in == [True] * 10 + [False] * 10


async def test_of_two_rates_a_refusal_takes_from_neither(core: Core) -> None:
    """A request that its key's limit refuses costs the organization nothing."""
    mark, now = time(), core.clock()
    organization = Rate(f"o:{mark}", "organization", 0.001, 2)
    key = Rate(f"k:{mark}", "api_key", 0.001, 1)

    first = await core.rates.take([organization, key], now)
    refused = [await core.rates.take([organization, key], now) for _ in range(5)]
    second = await core.rates.take([organization], now)

    assert (first.allowed, second.allowed) == (True, True)
    assert {(taken.allowed, taken.rate.scope) for taken in refused} == {(False, "api_key")}


async def test_without_redis_each_process_counts_alone(settings: Settings, tmp_path: Path) -> None:
    """Redis goes away and comes back: limits hold throughout and no request fails or waits for it."""
    mark, rate_of = time(), lambda name: Rate(name, "organization", 0.001, 5)
    with ExitStack() as running:
        url = running.enter_context(running_redis(tmp_path))
        core = await open_core(settings.model_copy(update={"redis_url": url}))
        now = core.clock()
        before = await core.rates.take([rate_of(f"a:{mark}")], now)
        running.close()
        alone = [(await core.rates.take([rate_of(f"b:{mark}")], now)).allowed for _ in range(7)]
        await core.close()
    none = await open_core(settings.model_copy(update={"redis_url": "none"}))
    never = [(await none.rates.take([rate_of(f"c:{mark}")], now)).allowed for _ in range(7)]
    await none.close()

    assert before.allowed
    assert alone == never == [True] * 5 + [False] * 2


async def test_the_setting_enforces_the_largest_plan(core: Core, org: Tenant) -> None:
    """With ENFORCE_ENTERPRISE_RATE the stated thousand at once are also the most."""
    from shared.edge.throttle import rates_of  # noqa: PLC0415 - what a caller is held to, without 1,000 requests
    from shared.tenants.authenticate import authenticate  # noqa: PLC0415

    caller = await authenticate(core, org.key, core.clock())
    strict = core.settings.model_copy(update={"enforce_enterprise_rate": True})

    assert rates_of(caller, core.settings) == []
    assert [(rate.per_second, rate.burst) for rate in rates_of(caller, strict)] == [(500, 1000)]
    assert rates_of(replace(caller, rate_limit=60), strict)[1].per_second == 1
