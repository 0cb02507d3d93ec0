"""API Gateway's HTTP API on one machine: HTTP in, payload 2.0 to the functions, their answers out."""

from localstack.gateway.application import Gateway

__all__ = ["Gateway"]
