"""One bucket and many processes: nobody is refused below the rate, however their clocks and Redis behave."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, time

import pytest
from redis.asyncio import Redis
from redis.crc import key_slot

from localstack.redis import running_redis
from shared.core import Core
from shared.edge.opening import open_serverless_core
from shared.edge.throttle import rates_of
from shared.limits.bucket import Rate
from shared.limits.rates import RateLimiter
from shared.settings import Settings
from shared.tenants.authenticate import authenticate
from tests.support.api import Tenant
from tests.support.line import line_to
from tests.support.until import until

AHEAD_SECONDS = 10.0
Process = Callable[..., RateLimiter]


def large() -> Rate:
    """The enterprise plan's burst, in a bucket of this test's own that hardly refills while it runs."""
    return Rate(f"{{{time()}}}", "organization", 500, 1000)


@asynccontextmanager
async def processes_over(redis_url: str) -> AsyncIterator[Process]:
    made: list[RateLimiter] = []

    def process(**options: object) -> RateLimiter:
        def client() -> Redis:
            return Redis.from_url(redis_url, socket_connect_timeout=0.2, socket_timeout=0.2)

        made.append(RateLimiter(client, **options))  # type: ignore[arg-type]
        return made[-1]

    yield process
    for limiter in made:
        await limiter.close()


@pytest.fixture
async def process(redis_url: str) -> AsyncIterator[Process]:
    """Makes one more process that shares the buckets."""
    async with processes_over(redis_url) as made:
        yield made


async def let_in(limiter: RateLimiter, rate: Rate, most: int) -> int:
    """How many of `most` requests that come at once get in before the first refusal."""
    now = datetime.now(UTC)
    for count in range(most):
        if not (await limiter.take([rate], now)).allowed:
            return count
    return most


async def test_a_burst_over_two_processes_gets_in(process: Process) -> None:
    """What one process drew for many requests at once is not missing from the burst of the other."""
    one, other, rate = process(), process(), large()

    first = await asyncio.gather(*(one.take([rate], datetime.now(UTC)) for _ in range(16)))
    rest = await let_in(other, rate, 984)

    assert all(taken.allowed for taken in first)
    assert rest == 984


async def test_a_burst_over_hundreds_of_functions_gets_in(process: Process) -> None:
    """In Lambda each environment takes what it uses, and no more."""
    rate = large()

    first = [await process(in_chunks=False).take([rate], datetime.now(UTC)) for _ in range(60)]
    rest = await let_in(process(in_chunks=False), rate, 940)

    assert all(taken.allowed for taken in first)
    assert rest == 940


async def test_a_function_draws_no_chunks(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The services of a Lambda are opened that way."""
    for name in ("spooled_env", "database_url", "redis_url"):
        monkeypatch.setenv(name.upper(), getattr(settings, name))
    core, rate = await open_serverless_core(), large()

    await core.rates.take([rate], datetime.now(UTC))
    drawn = core.rates._drawn[rate.name]
    await core.close()

    assert drawn == 0


async def test_a_line_that_ended_in_a_freeze_is_opened_anew(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thawed environment finds its line to Redis closed, and its requests are counted by all at once."""
    monkeypatch.setenv("SPOOLED_ENV", "development")
    async with line_to(settings.redis_url) as line:
        monkeypatch.setenv("REDIS_URL", line.url)
        core, rate = await open_serverless_core(), large()
        await core.rates.take([rate], datetime.now(UTC))
        line.cut()

        await core.rates.take([rate], datetime.now(UTC))
        is_away = core.rates._is_away
        await core.close()

    assert (is_away, line.opened) == (False, 2)


async def test_a_line_that_went_mute_in_a_freeze_costs_one_short_wait(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody said goodbye: the first request is counted here after a moment, later ones by all again."""
    monkeypatch.setenv("SPOOLED_ENV", "development")
    async with line_to(settings.redis_url) as line:
        monkeypatch.setenv("REDIS_URL", line.url)
        core, rate = await open_serverless_core(), large()
        await core.rates.take([rate], datetime.now(UTC))
        line.go_mute()
        before = monotonic()
        taken = await core.rates.take([rate], datetime.now(UTC))
        waited = monotonic() - before

        async def shared_again() -> bool:
            await core.rates.take([rate], datetime.now(UTC))
            return not core.rates._is_away

        await until(shared_again)
        await core.close()

    assert taken.allowed
    assert waited < 1


async def test_a_process_whose_clock_is_fast_slows_nobody(process: Process) -> None:
    """What flows in belongs to all: a fast clock neither takes it in advance nor holds it back."""
    fast, right = process(wall_clock=lambda: time() + AHEAD_SECONDS), process()
    rate = Rate(f"{{{time()}}}", "organization", 20, 5)

    async def by_the_fast() -> bool:
        return (await fast.take([rate], datetime.fromtimestamp(time() + AHEAD_SECONDS, UTC))).allowed

    used = [await by_the_fast() for _ in range(5)]
    started = monotonic()

    async def by_the_right() -> bool:
        return (await right.take([rate], datetime.now(UTC))).allowed

    await until(by_the_right)

    assert used == [True] * 5
    assert monotonic() - started < AHEAD_SECONDS / 2


async def test_no_request_waits_for_a_redis_that_hangs(tmp_path: Path) -> None:
    """One answer may be late; after it requests are counted here, and by all again once it answers."""
    rate = Rate(f"{{{time()}}}", "organization", 0.001, 1000)
    with running_redis(tmp_path) as url:
        async with processes_over(url) as process:
            limiter, operator = process(), Redis.from_url(url)
            await limiter.take([rate], datetime.now(UTC))
            await operator.execute_command("CLIENT", "PAUSE", 2500, "ALL")
            await limiter.take([rate], datetime.now(UTC))

            waited, ended = [], monotonic() + 1.5
            while monotonic() < ended:
                before = monotonic()
                await limiter.take([rate], datetime.now(UTC))
                waited.append(monotonic() - before)
                await asyncio.sleep(0.02)

            async def shared_again() -> bool:
                await limiter.take([rate], datetime.now(UTC))
                return not limiter._is_away

            await until(shared_again)
            await operator.aclose()

    assert max(waited) < 0.15


async def test_the_buckets_of_an_organization_lie_together(core: Core, org: Tenant) -> None:
    """One script reads them all, which a Redis cluster allows within one slot only."""
    caller = await authenticate(core, org.key, core.clock())
    strict = core.settings.model_copy(update={"enforce_enterprise_rate": True})

    names = [rate.name for rate in rates_of(replace(caller, rate_limit=60), strict)]

    assert len(set(names)) == 2
    assert len({key_slot(f"spooled:rate:{name}".encode()) for name in names}) == 1
