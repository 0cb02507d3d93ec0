"""Cold and warm times of packaged functions beside a bare one: `python -m benchmarks.cold_start`.

First the import of every function from the archives alone, in processor time, against the bare function
(infra/package/bare.py). Then three functions and the bare one through the Lambda emulator, with the real
runtime client and a real database, in turn: each turn has a new environment of each, cold, then warm.
"""

import asyncio
import json
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import httpx

from functions.app import every_function
from infra.archives import Archives, own_architecture
from infra.package import build
from infra.package.archive import unpacked_bytes
from infra.package.measure import BARE, Probe, Unpacked, unpack
from localstack.cloud.deployed import DeployedFunction
from localstack.lambdas.pool import Lambdas
from localstack.lambdas.secrets_extension import AccessDeniedError
from shared.core import Core
from shared.edge.opening import open_core
from shared.edge.service import Service
from shared.settings import Settings
from tests.support.api import Api
from tests.support.servers import running_servers

IMPORT_TURNS, COLD_TURNS, WARM_CALLS = 3, 7, 20
BARE_NAME = "bare"
SECRET = "a secret for measuring alone, with nothing behind it"  # noqa: S105 - as it says
PAYLOAD = {"queue_name": "measured", "payload": {"number": 1}}
CLAIM = {"queue_name": "measured", "worker_id": "measuring"}
# A timer looks every second until its time is up; with five there is time for one look.
TIMEOUTS = {"ticks.leases": 5}


def http_event(method: str, path: str, key: str, body: Any = None) -> dict[str, Any]:
    """A request as API Gateway hands it on (payload 2.0)."""
    return {
        "version": "2.0",
        "routeKey": f"{method} {path}",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {
            "host": "measured.invalid",
            "content-type": "application/json",
            "authorization": f"Bearer {key}",
        },
        "requestContext": {
            "domainName": "measured.invalid",
            "http": {"method": method, "path": path, "sourceIp": "127.0.0.1", "protocol": "HTTP/1.1"},
            "requestId": "measured",
            "stage": "$default",
        },
        "body": "" if body is None else json.dumps(body),
        "isBase64Encoded": False,
    }


def events(key: str) -> dict[str, Any]:
    """What each function is invoked with."""
    return {
        BARE_NAME: http_event("GET", "/", key),
        "jobs.create": http_event("POST", "/api/v1/jobs", key, PAYLOAD),
        "jobs.claim": http_event("POST", "/api/v1/jobs/claim", key, CLAIM),
        "ticks.leases": {},
    }


def deployed(name: str, place: Unpacked, variables: Mapping[str, str]) -> DeployedFunction:
    bare = name == BARE_NAME
    return DeployedFunction(
        name=name,
        arn=f"arn:aws:lambda:eu-central-1:000000000000:function:{name}",
        handler=f"{BARE.stem}.handler" if bare else f"functions.{name}.handler",
        runtime=f"python{sys.version_info.major}.{sys.version_info.minor}",
        code=place.bare if bare else place.code,
        layers=(place.packages.parent,),
        environment=variables,
        memory_mb=512,
        timeout_seconds=TIMEOUTS.get(name, 30),
        reserved_concurrency=None,
        role_arn=f"arn:aws:iam::000000000000:role/{name}",
        log_group=f"/aws/lambda/{name}",
    )


class Times:
    """Milliseconds by function: the initialisation as the platform reports it, and what a caller waits."""

    def __init__(self) -> None:
        self.init: dict[str, list[float]] = defaultdict(list)
        self.cold: dict[str, list[float]] = defaultdict(list)
        self.warm: dict[str, list[float]] = defaultdict(list)

    def log(self, log_group: str, lines: str) -> None:
        """A log sink that reads the platform's reports."""
        for line in lines.splitlines():
            record = json.loads(line)["record"] if line.startswith('{"time"') else {}
            if "initDurationMs" in record.get("metrics", {}):
                self.init[log_group.rpartition("/")[2]].append(record["metrics"]["initDurationMs"])

    async def take(self, functions: dict[str, DeployedFunction], given: dict[str, Any]) -> None:
        """One turn: every function cold, then every function warm, each after the other."""
        async with Lambdas(functions, secrets=no_secrets, logs=self.log) as lambdas:
            for name in functions:
                self.cold[name].append(await timed(lambdas, name, given[name]))
            for _ in range(WARM_CALLS):
                for name in functions:
                    self.warm[name].append(await timed(lambdas, name, given[name]))

    def to_bare(self, times: Mapping[str, Sequence[float]], name: str) -> list[float]:
        """A function's times over those of the bare one, by turn."""
        return [mine / bare for mine, bare in zip(times[name], times[BARE_NAME], strict=True)]

    def say(self) -> None:
        print(
            f"\n{'ms, median':<16}{'init':>8}{'to bare':>9}{'cold call':>11}{'to bare':>9}{'warm call':>11}"
        )
        for name in sorted(self.cold):
            init, cold = (median(self.to_bare(of, name)) for of in (self.init, self.cold))
            print(
                f"{name:<16}{median(self.init[name]):>8.0f}{init:>9.2f}"
                f"{median(self.cold[name]):>11.0f}{cold:>9.2f}{median(self.warm[name]):>11.1f}"
            )


async def timed(lambdas: Lambdas, name: str, event: Any) -> float:
    start = perf_counter()
    outcome = await lambdas.invoke(name, json.dumps(event).encode())
    taken = (perf_counter() - start) * 1000
    answer = json.loads(outcome.payload)
    if outcome.failed or answer.get("statusCode", 200) >= httpx.codes.BAD_REQUEST:
        raise RuntimeError(f"{name}: {outcome.payload.decode()}")
    return taken


async def no_secrets(function: DeployedFunction, arn: str) -> Mapping[str, Any]:
    raise AccessDeniedError(f"{function.name} reads {arn}")


async def new_key(settings: Settings) -> str:
    core = await open_core(settings)

    async def opened() -> Core:
        return core

    transport = httpx.ASGITransport(Service(every_function()[0], opened))
    async with httpx.AsyncClient(transport=transport, base_url="http://bench") as client:
        tenant = await Api(client).new_tenant()
    await core.close()
    return tenant.key


async def through_emulator(place: Unpacked, database_url: str, turns: int) -> Times:
    key = await new_key(Settings(spooled_env="development", database_url=database_url, secret_key=SECRET))
    given = events(key)
    variables = {"DATABASE_URL": database_url, "REDIS_URL": "none", "SECRET_KEY": SECRET}
    names = list(given)
    times = Times()
    for turn in range(turns):
        order = names if turn % 2 else names[::-1]
        await times.take({name: deployed(name, place, variables) for name in order}, given)
    return times


def say_archives(archives: Archives) -> None:
    for archive in (archives.code, *archives.dependencies.values()):
        sizes = archive.path.stat().st_size / 1e6, unpacked_bytes(archive) / 1e6
        print(f"{archive.path.name}: {sizes[0]:.2f} MB zipped, {sizes[1]:.2f} MB unpacked")


def say_imports(place: Unpacked) -> None:
    with Probe(place) as probe:
        ratios = probe.ratios(place.modules(), IMPORT_TURNS)
    print(
        f"\nimport against the bare function, {len(ratios)} functions, median {median(ratios.values()):.2f}"
    )
    for name in sorted(ratios, key=lambda name: -ratios[name]):
        print(f"{ratios[name]:.2f} {name}")


def main() -> None:
    with TemporaryDirectory(prefix="spooled-bench-") as folder, running_servers() as servers:
        archives = build(Path(folder) / "dist", [own_architecture()])
        say_archives(archives)
        place = unpack(archives, Path(folder))
        asyncio.run(through_emulator(place, servers.new_database("cold_start"), COLD_TURNS)).say()
        say_imports(place)


if __name__ == "__main__":
    main()
