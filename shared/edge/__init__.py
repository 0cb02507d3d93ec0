"""The edge: the only place that knows FastAPI, Mangum, Powertools and gRPC."""

from shared.edge.answer import Answer
from shared.edge.call import Call
from shared.edge.default_route import default_route
from shared.edge.deploy import DeployStep, at_deploy
from shared.edge.endpoint import Endpoint, route
from shared.edge.serverless import lambda_handler
from shared.edge.tick import Tick, every

__all__ = [
    "Answer",
    "Call",
    "DeployStep",
    "Endpoint",
    "Tick",
    "at_deploy",
    "default_route",
    "every",
    "lambda_handler",
    "route",
]
