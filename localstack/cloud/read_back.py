"""The stack as it stands in a cloud, and nothing that the program meant: what runs is what was created."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import Any

from localstack.cloud.callers import Callers
from localstack.cloud.code import Unpacked
from localstack.cloud.deployed import Deployed, DeployedCors, DeployedFunction
from localstack.cloud.endpoint import Endpoint
from localstack.cloud.errors import StackError
from localstack.cloud.rights import Rights

_AT_ONCE = 8


def read_back(cloud: Endpoint, prefix: str, folder: Path) -> Deployed:
    """Everything whose name begins with `prefix` and a hyphen; archives are unpacked below `folder`.

    A route or schedule that may not invoke its function is `refused`, as AWS would at the first request.
    """
    unpacked, rights = Unpacked(cloud, folder), Rights(cloud)
    api = _api(cloud, prefix)
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        found = threads.map(
            partial(_function, cloud, unpacked),
            _named(prefix, "FunctionName", cloud.pages("lambda", "list_functions", "Functions")),
        )
        callers = Callers(cloud, rights, {function.name: function for function in found})
        routes = threads.map(
            partial(callers.route, api["ApiId"], integrations=_integrations(cloud, api["ApiId"])),
            cloud.pages("apigatewayv2", "get_routes", "Items", ApiId=api["ApiId"]),
        )
        return Deployed(
            functions=callers.functions,
            routes=tuple(sorted(routes, key=attrgetter("key"))),
            cors=_cors(api.get("CorsConfiguration")),
            schedules=tuple(callers.schedule(schedule) for schedule in _schedules(cloud, prefix)),
        )


def read_function(cloud: Endpoint, name: str, folder: Path) -> DeployedFunction:
    """One function, as a deployment needs it that runs a step before the rest is there."""
    configuration = cloud.client("lambda").get_function_configuration(FunctionName=name)
    return _function(cloud, Unpacked(cloud, folder), configuration)


def _api(cloud: Endpoint, prefix: str) -> Mapping[str, Any]:
    found = [
        api
        for api in _named(prefix, "Name", cloud.pages("apigatewayv2", "get_apis", "Items"))
        if api["ProtocolType"] == "HTTP"
    ]
    if len(found) != 1:
        raise StackError(f"The cloud has {len(found)} HTTP APIs named {prefix}-...; one was expected.")
    return found[0]


def _function(cloud: Endpoint, unpacked: Unpacked, configuration: Mapping[str, Any]) -> DeployedFunction:
    client, name = cloud.client("lambda"), configuration["FunctionName"]
    return DeployedFunction(
        name=name,
        arn=configuration["FunctionArn"],
        handler=configuration["Handler"],
        runtime=configuration["Runtime"],
        code=unpacked.of(configuration["CodeSha256"], name),
        layers=tuple(unpacked.of_layer(layer["Arn"]) for layer in configuration.get("Layers", [])),
        environment=configuration.get("Environment", {}).get("Variables", {}),
        memory_mb=configuration["MemorySize"],
        timeout_seconds=configuration["Timeout"],
        reserved_concurrency=client.get_function_concurrency(FunctionName=name).get(
            "ReservedConcurrentExecutions"
        ),
        role_arn=configuration["Role"],
        # moto forgets the logging configuration; this is what Lambda uses when none is given.
        log_group=configuration.get("LoggingConfig", {}).get("LogGroup", f"/aws/lambda/{name}"),
    )


def _integrations(cloud: Endpoint, api: str) -> dict[str, Mapping[str, Any]]:
    return {
        integration["IntegrationId"]: integration
        for integration in cloud.pages("apigatewayv2", "get_integrations", "Items", ApiId=api)
    }


def _schedules(cloud: Endpoint, prefix: str) -> Iterator[Mapping[str, Any]]:
    listed = _named(prefix, "Name", cloud.pages("scheduler", "list_schedules", "Schedules"))
    for item in sorted(listed, key=itemgetter("Name")):
        if item["State"] == "ENABLED":
            yield cloud.client("scheduler").get_schedule(Name=item["Name"], GroupName=item["GroupName"])


def _named(prefix: str, key: str, items: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [item for item in items if item[key].startswith(f"{prefix}-")]


def _cors(configuration: Mapping[str, Any] | None) -> DeployedCors | None:
    if configuration is None:
        return None
    return DeployedCors(
        allow_origins=tuple(configuration.get("AllowOrigins", [])),
        allow_methods=tuple(configuration.get("AllowMethods", [])),
        allow_headers=tuple(configuration.get("AllowHeaders", [])),
        expose_headers=tuple(configuration.get("ExposeHeaders", [])),
        max_age_seconds=configuration.get("MaxAge", 0),
    )
