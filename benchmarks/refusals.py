"""Whether the time of a refusal tells of a key: `python -m benchmarks.refusals`.

In turn, in one process on an embedded PostgreSQL and Redis: a key that is not known, one that differs from a
known one in its last character, a revoked one and one that has been switched off. Each is looked up anew, as
refusals are not kept. Prints the median of each as a ratio to that of the unknown one, and the unknown one's
against itself, which is the noise.
"""

import asyncio
import sys
from http import HTTPStatus
from statistics import median
from time import perf_counter

from shared.edge.opening import open_core
from shared.settings import Settings
from tests.support.api import Tenant, api_of
from tests.support.servers import Servers, running_servers

TURNS, WARM_UP = 1500, 100


async def measure(servers: Servers) -> dict[str, float]:
    """Median seconds of each refusal, by what is refused."""
    settings = Settings(
        spooled_env="development",
        database_url=servers.new_database("refusals"),
        redis_url=servers.redis_url,
    )
    core = await open_core(settings)
    async with api_of(core) as api:
        org = await api.new_tenant()
        revoked = await org.post("/api-keys", {"name": "Revoked"}, 201)
        off = await org.post("/api-keys", {"name": "Off"}, 201)
        await org.delete(f"/api-keys/{revoked['id']}")
        await org.put(f"/api-keys/{off['id']}", {"is_active": False})
        keys = {
            "unknown": "sk_live_" + "x" * 43,
            "unknown, again": "sk_live_" + "y" * 43,
            "nearly known": org.key[:-1] + ("A" if org.key[-1] != "A" else "B"),
            "revoked": revoked["key"],
            "switched off": off["key"],
        }
        seconds: dict[str, list[float]] = {name: [] for name in keys}
        for turn in range(TURNS + WARM_UP):
            for name, key in keys.items():
                asking = Tenant(org.client, key)
                began = perf_counter()
                answer = await asking.raw("GET", "/jobs")
                if turn >= WARM_UP:
                    seconds[name].append(perf_counter() - began)
                assert answer.status_code == HTTPStatus.UNAUTHORIZED
    await core.close()
    return {name: median(taken) for name, taken in seconds.items()}


def main() -> None:
    with running_servers() as servers:
        found = asyncio.run(measure(servers))
    for name, taken in found.items():
        sys.stdout.write(f"{taken / found['unknown']:.3f} {name} ({taken * 1e3:.2f} ms)\n")


if __name__ == "__main__":
    main()
