"""The gRPC edge: methods are declared as routes are, one a page, and call the same core."""

from shared.edge.rpc.call import RpcCall
from shared.edge.rpc.method import RpcMethod, rpc
from shared.edge.rpc.server import RpcServer

__all__ = ["RpcCall", "RpcMethod", "RpcServer", "rpc"]
