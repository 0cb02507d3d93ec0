"""The database and Redis of a stack: made by it, or given to it."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from infra.cache import ValkeyCache
from infra.database import AuroraDatabase
from infra.network import Network
from infra.stack import Stack


@dataclass(frozen=True, slots=True)
class Servers:
    """Where the functions find them, and what must be there before the first one runs."""

    database_url: pulumi.Input[str]
    owner_database_url: pulumi.Input[str] | None
    redis_url: pulumi.Input[str]
    database: AuroraDatabase | None
    cache: ValkeyCache | None

    @property
    def made(self) -> Sequence[pulumi.Resource]:
        return [server for server in (self.database, self.cache) if server is not None]


def make_servers(stack: Stack, network: Network | None) -> Servers:
    config = stack.config
    database = cache = None
    if network is not None and config.database is not None:
        database = AuroraDatabase(stack, network, config.database)
    if network is not None and config.cache is not None:
        cache = ValkeyCache(stack, network, config.cache)
    given_database = config.database_url.get_secret_value() if config.database_url else ""
    given_redis = config.redis_url.get_secret_value() if config.redis_url else "none"
    return Servers(
        database_url=database.url if database else given_database,
        owner_database_url=database.owner_url if database else None,
        redis_url=cache.url if cache else given_redis,
        database=database,
        cache=cache,
    )
