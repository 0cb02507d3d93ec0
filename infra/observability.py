"""Alarms about the service as a whole; those of a function and a timer are made beside it.

The service writes its own figures as metrics of the namespace `Spooled`, each with the one dimension
`service`, the name of the stack.
"""

from infra.alarm import METRICS, Bell
from infra.api import Api
from infra.cache import ValkeyCache
from infra.database import AuroraDatabase
from infra.sections import Database
from infra.servers import Servers
from infra.stack import Stack

_FIGURES_ARE_WRITTEN_SECONDS = 300


def watch(stack: Stack, bell: Bell, api: Api, servers: Servers) -> None:
    """Ring when jobs wait too long or die, timers or requests fail, or a server is at its end."""
    alarms, service = stack.config.alarms, {"service": stack.config.prefix}
    bell.when(
        "oldest-pending",
        f"A job of {stack.config.prefix} could have run and waits: workers are missing, or hang",
        f"{METRICS}/OldestPendingSeconds",
        service,
        statistic="Maximum",
        above=alarms.oldest_pending_seconds,
        period=_FIGURES_ARE_WRITTEN_SECONDS,
        missing="breaching",
    )
    bell.when(
        "dead-letters",
        f"{stack.config.prefix} keeps dead letters that somebody should look at",
        f"{METRICS}/DeadLetters",
        service,
        statistic="Maximum",
        above=alarms.dead_letters,
    )
    bell.when(
        "buried-jobs",
        f"Jobs of {stack.config.prefix} are given up for dead, more than now and then",
        f"{METRICS}/BuriedJobs",
        service,
        above=alarms.buried_jobs,
    )
    bell.when(
        "schedule-lag",
        f"A schedule of {stack.config.prefix} should have fired: its timer stands still, or is behind",
        f"{METRICS}/ScheduleLagSeconds",
        service,
        statistic="Maximum",
        above=alarms.schedule_lag_seconds,
    )
    bell.when(
        "silent-timers",
        f"A timer of {stack.config.prefix} is started and fails, or hangs: GET /health names it",
        f"{METRICS}/SilentTimers",
        service,
        statistic="Maximum",
        above=1,
    )
    bell.when(
        "server-errors",
        f"{stack.config.prefix} answers 5xx: a fault, too many at once, or the database is away",
        "AWS/ApiGateway/5xx",
        {"ApiId": api.api.id},
        above=alarms.server_errors,
    )
    if servers.database is not None and stack.config.database is not None:
        _watch_database(bell, servers.database, stack.config.database, alarms.database_percent)
    if servers.cache is not None:
        _watch_cache(bell, servers.cache)


def _watch_database(bell: Bell, aurora: AuroraDatabase, database: Database, percent: int) -> None:
    cluster = {"DBClusterIdentifier": aurora.cluster.cluster_identifier}
    for name, says, metric, above in (
        (
            "capacity",
            "The database is near its largest: raise database.maxCapacity",
            "ACUUtilization",
            percent,
        ),
        ("cpu", "The database computes near its limit", "CPUUtilization", percent),
        (
            "connections",
            "The connections of the database are nearly used up",
            "DatabaseConnections",
            database.connections * percent // 100,
        ),
    ):
        bell.when(
            f"database-{name}",
            says,
            f"AWS/RDS/{metric}",
            cluster,
            statistic="Maximum",
            above=above,
            periods=3,
            parent=aurora,
        )


def _watch_cache(bell: Bell, valkey: ValkeyCache) -> None:
    bell.when(
        "cache-throttled",
        "The cache refuses commands: raise cache.maxEcpuPerSecond",
        "AWS/ElastiCache/ThrottledCmds",
        {"clusterId": valkey.cache.name},
        above=1,
        periods=3,
        parent=valkey,
    )
