"""All that can be asked of the service, from its own declarations, by the names that the table has."""

from functions.app import every_function
from functions.streams.app import every_method, every_stream
from shared.edge import Endpoint
from shared.edge.rpc import RpcMethod


def operation_of(endpoint: Endpoint) -> str:
    """`GET /jobs/{job_id}`: method and path, without the version."""
    return f"{endpoint.method} {endpoint.path.removeprefix('/api/v1')}"


def operations() -> list[str]:
    """Routes, streams and methods of gRPC."""
    endpoints = [*every_function()[0], *(stream.endpoint for stream in every_stream())]
    return [*map(operation_of, endpoints), *map(method_name, every_method())]


def method_name(method: RpcMethod) -> str:
    """`QueueService/Enqueue`: service and name, without the package."""
    return f"{method.service.rpartition('.')[2]}/{method.name}"
