"""The database and Redis of a stack: made by it, or given to it."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from infra.network import Network
from infra.stack import Stack


@dataclass(frozen=True, slots=True)
class Servers:
    """Where the functions find them, and what must be there before the first one runs."""

    database_url: pulumi.Input[str]
    redis_url: pulumi.Input[str]
    owner_database_url: pulumi.Input[str] | None = None
    ready: Sequence[pulumi.Resource] = ()


def make_servers(stack: Stack, network: Network | None) -> Servers:  # noqa: ARG001
    config = stack.config
    assert config.database_url is not None
    redis_url = config.redis_url.get_secret_value() if config.redis_url else "none"
    return Servers(
        pulumi.Output.secret(config.database_url.get_secret_value()), pulumi.Output.secret(redis_url)
    )
