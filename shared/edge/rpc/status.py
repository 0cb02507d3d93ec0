"""Errors as gRPC tells them: a status, a text for people, and trailing metadata."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

import grpc

from shared.errors import FaultError, RateLimitedError, SpooledError
from shared.trace import named_in_log

logger = logging.getLogger("spooled.rpc")
REQUEST_ID = "x-request-id"
_LONGEST_TEXT = 1000  # it travels in a header, and its letters may take up to nine times the room there

Trailers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Status:
    """What the call ends with."""

    code: grpc.StatusCode
    text: str
    trailers: Trailers


def status_of(error: Exception, path: str, metadata: Mapping[str, str], request_id: str) -> Status:
    """The status of an error; the log has what the caller is not told."""
    if not isinstance(error, SpooledError):
        logger.error("call %s of %s failed", named_in_log(request_id, metadata), path, exc_info=error)
        error = FaultError()
    elif error.status >= FaultError.status and error.__cause__ is not None:
        named = named_in_log(request_id, metadata)
        logger.error("call %s of %s: %s", named, path, error.in_log)
    text = error.message[:_LONGEST_TEXT]
    if isinstance(error, FaultError):
        text = f"{text} Request id: {request_id}"
    return Status(grpc.StatusCode[error.grpc_status], text, _trailers(error, request_id))


def _trailers(error: SpooledError, request_id: str) -> Trailers:
    named = (REQUEST_ID, request_id)
    if isinstance(error, RateLimitedError):
        return named, ("retry-after", str(error.retry_after))
    return (named,)
