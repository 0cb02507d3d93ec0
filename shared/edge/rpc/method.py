"""Method declarations: what the page of a gRPC method says about itself, held against `spooled.proto`."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, get_type_hints

from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from shared.edge.rpc.call import RpcCall
from shared.wire.proto import spooled_pb2

Function = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class RpcMethod:
    """One method: everything that the server needs to know of it."""

    service: str
    """With its package, `spooled.v1.QueueService`."""
    name: str
    scope: tuple[str, ...]
    while_draining: bool
    function: Function
    request: type[Message]
    streams_requests: bool
    streams_answers: bool

    @property
    def path(self) -> str:
        """What stands in the request line, for example `/spooled.v1.QueueService/Enqueue`."""
        return f"/{self.service}/{self.name}"


def rpc(
    service: str, name: str, *, scope: str, while_draining: bool = False
) -> Callable[[Function], RpcMethod]:
    """Declare a function as a method of `spooled.proto`.

    scope: the permission word it takes.
    while_draining: whether it is still served by a process that ends: it takes and makes no work.

    The function takes `call: RpcCall`, and `request` or, where the client streams, `requests`, an
    AsyncIterator. It returns its answer or, where the service streams, is an asynchronous generator of them.
    Raises TypeError for a function that does not fit the method of that name.
    """
    described = spooled_pb2.DESCRIPTOR.services_by_name[service].methods_by_name[name]

    def declare(function: Function) -> RpcMethod:
        _check(function, described)
        return RpcMethod(
            service=described.containing_service.full_name,
            name=name,
            scope=(scope,),
            while_draining=while_draining,
            function=function,
            request=GetMessageClass(described.input_type),
            streams_requests=described.client_streaming,
            streams_answers=described.server_streaming,
        )

    return declare


def _check(function: Function, described: MethodDescriptor) -> None:
    takes: Any = GetMessageClass(described.input_type)
    gives: Any = GetMessageClass(described.output_type)
    expected = {
        "call": RpcCall,
        **({"requests": AsyncIterator[takes]} if described.client_streaming else {"request": takes}),
        "return": AsyncIterator[gives] if described.server_streaming else gives,
    }
    hints = get_type_hints(function)
    if hints != expected:
        raise TypeError(f"{function.__module__}.{function.__name__} must be of {expected}, and is of {hints}")
