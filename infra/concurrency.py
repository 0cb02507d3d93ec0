"""How many environments each function may have, so that all together cannot exhaust the database.

Every environment holds one connection. RDS Proxy pins it to one of the database (roles and the tenant are set
in each transaction, which the proxy takes for session state), so nothing is counted on from multiplexing:
what Lambda may run at most stays within what the database takes. A reservation is a limit as well. Functions
that wait for jobs have one, lest they take all there is; the others share the rest of the account's quota, so
that a burst of any of them finds room. Load above it is refused at the gateway, with 503 and within
milliseconds, and never by the database.
"""

from collections.abc import Mapping, Sequence

from infra.config import Config
from infra.declared import Declared
from infra.errors import ConfigError

WAITING = frozenset({"jobs-claim", "jobs-dequeue"})
HOT = frozenset(
    {
        "jobs-bulk",
        "jobs-complete",
        "jobs-complete-batch",
        "jobs-create",
        "jobs-fail",
        "jobs-fail-batch",
        "jobs-get",
        "jobs-heartbeat",
        "jobs-heartbeat-batch",
        "jobs-renew-lease",
        "workers-heartbeat",
        "workflows-create",
    }
)
_UNRESERVED = 100
"""What AWS keeps free in each account, for functions without a reservation."""


def reserve(config: Config, functions: Sequence[Declared]) -> dict[str, int | None]:
    """The environments of each function, None for a share of the rest.

    Raises ConfigError when account or database could not hold them.
    """
    names = {declared.name for declared in functions}
    if unknown := sorted((WAITING | HOT | config.concurrency.overrides.keys()) - names):
        raise ConfigError(f"concurrency: there is no function {', '.join(unknown)}")
    reserved = {declared.name: _of(config, declared) for declared in functions}
    total = sum(count for count in reserved.values() if count is not None)
    if total > config.concurrency.account - _UNRESERVED:
        raise ConfigError(
            f"concurrency: all functions together reserve {total} of the account's "
            f"{config.concurrency.account}, of which AWS keeps {_UNRESERVED} free: lower waiting, hot or "
            "cold, or have the quota raised (Lambda, concurrent executions) and say so in concurrency.account"
        )
    if config.database is not None:
        most = at_most(config, reserved)
        streams = config.streams.count * config.streams.connections if config.streams else 0
        if most + streams > config.database.connections:
            raise ConfigError(
                f"concurrency: functions may hold {most} connections and streams {streams}; the database "
                f"takes {config.database.connections} through its proxy: raise database.maxCapacity, or set "
                "cold and lower waiting or hot"
            )
    return reserved


def at_most(config: Config, reserved: Mapping[str, int | None]) -> int:
    """Environments of all functions at once: the account's whole quota where some of them share the rest."""
    counts = list(reserved.values())
    return config.concurrency.account if None in counts else sum(count or 0 for count in counts)


def _of(config: Config, declared: Declared) -> int | None:
    figures = config.concurrency
    if declared.name in figures.overrides:
        return figures.overrides[declared.name]
    if declared.kind == "deploy":
        return 1
    if declared.kind == "tick":
        return figures.tick
    if declared.name in WAITING:
        return figures.waiting
    return figures.hot if declared.name in HOT else figures.cold
