"""The whole stack, from its configuration, the function files and the archives."""

from pathlib import Path

import pulumi

from infra.alarm import Bell
from infra.api import Api
from infra.archives import Archives
from infra.concurrency import reserve
from infra.config import Config
from infra.declared import FUNCTIONS, read_functions
from infra.function import Function, Surroundings
from infra.migration import migrated
from infra.network import make_network
from infra.observability import watch
from infra.secret_settings import make_secret_settings
from infra.servers import make_servers
from infra.stack import Stack
from infra.streams import Streams
from infra.ticks import Ticks
from infra.uploads import upload


def declare(config: Config, archives: Archives, functions: Path = FUNCTIONS) -> None:
    """Declare everything there is in the cloud; runs under the engine, and under its mocks."""
    declared = read_functions(functions)
    concurrency = reserve(config, declared)
    stack = Stack.of(config)
    network = make_network(stack)
    servers = make_servers(stack, network)
    around = Surroundings(
        stack=stack,
        code=upload(stack, archives),
        secrets=make_secret_settings(stack, servers),
        bell=Bell.of(stack),
        concurrency=concurrency,
        private=network.private if network else None,
    )
    there = [network, *servers.made] if network else []
    migrations = [
        migrated(around.code, Function(around, step, there)) for step in declared if step.kind == "deploy"
    ]
    made = [Function(around, found, migrations) for found in declared if found.kind != "deploy"]
    api = Api(stack, [function for function in made if function.declared.route_key])
    Ticks(stack, around.bell, [function for function in made if function.declared.kind == "tick"])
    watch(stack, around.bell, api, servers)
    pulumi.export("api_url", api.url)
    pulumi.export("functions", [stack.name(found.name) for found in declared])
    if network is not None and config.streams is not None:
        streams = Streams(stack, network, servers, around.secrets, config.streams, migrations)
        pulumi.export("stream_url", f"https://{config.streams.host}")
        pulumi.export("stream_balancer", streams.balancer.dns_name)
