"""Redis: it holds only what may be lost, so that without it the service is slower and not wrong."""

from datetime import timedelta
from time import monotonic
from typing import Any

from shared.doctor.finding import Area, Finding, failed, ok, skipped, warning
from shared.doctor.installation import Installation
from shared.doctor.secrecy import place_of, without_secrets
from shared.events.channel import is_away, reason
from shared.spoken import duration, size

_LEAST_MAJOR = 6
_LOOKS = 3
_NEARLY_FULL = 0.9
_REDIS_CLI = 'redis-cli -u "$REDIS_URL" {}'


async def reachable(installation: Installation) -> Finding:
    """It answers, and is of a version that we know."""
    url = installation.environment.get("REDIS_URL", "")
    if installation.open_redis is None:
        if url == "none":
            return skipped("REDIS_URL=none: the service runs without, and waiting workers look by themselves")
        if installation.core is None:
            return skipped("REDIS_URL is not set here")
        return warning(
            "REDIS_URL is not set: the service is degraded, rates are limited by each process for itself",
            "Name a server, or say that you want none:",
            "export REDIS_URL=none",
        )
    try:
        server, seconds = await _greeted(installation)
    except Exception as error:
        if not is_away(error):
            raise
        said = without_secrets(installation, reason(error))
        return failed(
            f"{place_of(url)}: {said}; until it is back the service is degraded",
            "Start the server, or correct REDIS_URL:",
            _REDIS_CLI.format("PING"),
        )
    name, version = (
        ("Valkey", server.get("valkey_version")) if "valkey_version" in server else ("Redis", None)
    )
    version = str(version or server.get("redis_version", ""))
    said = f"{name} {version} at {place_of(url)}, answers in {duration(timedelta(seconds=seconds))}"
    if int(version.partition(".")[0] or 0) < _LEAST_MAJOR:
        return failed(said, "It has to be version 6 or later, see", _REDIS_CLI.format("INFO server"))
    return ok(said)


async def memory(installation: Installation) -> Finding:
    """It has a limit and room below it, and makes room when it is full."""
    info = await _info(installation, "memory")
    used, allowed = int(info["used_memory"]), int(info.get("maxmemory", 0))
    policy = info.get("maxmemory_policy", "noeviction")
    if not allowed:
        return warning(
            f"{size(used)} in use, without a limit: it may take all of the machine's memory",
            "Give it a limit:",
            _REDIS_CLI.format("CONFIG SET maxmemory 256mb"),
        )
    said = f"{size(used)} of {size(allowed)} in use, {policy} when full"
    if policy == "noeviction":
        return warning(
            said,
            "Once full it takes nothing more, and nobody is woken. All in it may be lost: let it make room,",
            _REDIS_CLI.format("CONFIG SET maxmemory-policy allkeys-lru"),
        )
    if used > _NEARLY_FULL * allowed:
        return warning(
            said,
            "Live events may be dropped before they are read. Give it more:",
            _REDIS_CLI.format(f"CONFIG SET maxmemory {allowed * 2}"),
        )
    return ok(said)


async def _greeted(installation: Installation) -> tuple[dict[str, Any], float]:
    """What the server says of itself, and how soon it answers on a connection that stands."""
    assert installation.open_redis is not None, "the caller sees to it"
    redis = installation.open_redis()
    try:
        server = await redis.info("server")
        times = []
        for _ in range(_LOOKS):
            begun = monotonic()
            await redis.ping()
            times.append(monotonic() - begun)
    finally:
        await redis.aclose()
    return server, min(times)


async def _info(installation: Installation, section: str) -> dict[str, Any]:
    assert installation.open_redis is not None, "the first check of the area sees to it"
    redis = installation.open_redis()
    try:
        found: dict[str, Any] = await redis.info(section)
    finally:
        await redis.aclose()
    return found


AREA = Area("redis", (memory,), first=reachable)
