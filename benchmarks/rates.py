"""What rate limits add to a request: `python -m benchmarks.rates`.

Single enqueues through the whole application, in turns by three organizations: one whose rate is stated,
one that is held to it (tokens drawn by the chunk), one whose key has a limit too (a round trip each).
"""

import asyncio
from statistics import median
from time import perf_counter

import httpx

from functions.app import every_function
from shared.core import Core
from shared.edge.opening import open_core
from shared.edge.service import Service
from shared.settings import Settings
from tests.support.api import Api, Tenant
from tests.support.servers import running_servers

TURNS, WARM_UP = 3000, 100
RATE = {"rate_limit_requests_per_second": 100_000, "rate_limit_burst": 200_000}


async def tenants(api: Api) -> dict[str, Tenant]:
    stated, held, keyed = [await api.new_tenant() for _ in range(3)]
    for tenant in (held, keyed):
        path = f"/admin/organizations/{tenant.org_id}"
        await api.call("PATCH", path, 200, json={"custom_limits": RATE}, headers={"X-Admin-Key": "bench"})
    return {"stated": stated, "held": held, "key": await keyed.with_key(rate_limit=10_000)}


async def compare(settings: Settings) -> None:
    core = await open_core(settings)

    async def opened() -> Core:
        return core

    transport = httpx.ASGITransport(Service(every_function()[0], opened))
    async with httpx.AsyncClient(transport=transport, base_url="http://bench") as client:
        callers = await tenants(Api(client))
        taken: dict[str, list[float]] = {name: [] for name in callers}
        for turn in range(TURNS + WARM_UP):
            names = list(callers)
            for name in names if turn % 2 else reversed(names):
                start = perf_counter()
                await callers[name].push()
                taken[name].append((perf_counter() - start) * 1000)
    await core.close()
    medians = {name: median(times[WARM_UP:]) for name, times in taken.items()}
    for name, milliseconds in medians.items():
        print(f"{name}: {milliseconds:.3f} ms, ratio {milliseconds / medians['stated']:.3f}")


def main() -> None:
    with running_servers() as servers:
        url = servers.new_database("rates")
        settings = Settings(
            spooled_env="development", database_url=url, redis_url=servers.redis_url, admin_api_key="bench"
        )
        asyncio.run(compare(settings))


if __name__ == "__main__":
    main()
