"""The errors of the service: one tree, each with its HTTP status, gRPC status and stable code.

A class's docstring is its default message.
"""

from typing import Any, ClassVar

_LONGEST_CAUSE = 500
_LONGEST_FIELD = 200  # a request may have chosen the name


class SpooledError(Exception):
    """Something went wrong."""

    status: ClassVar[int] = 500
    grpc_status: ClassVar[str] = "INTERNAL"
    code: ClassVar[str] = "SERVER_ERROR"

    def __init__(
        self, message: str = "", *, details: list[dict[str, Any]] | dict[str, Any] | None = None
    ) -> None:
        self.message = message or (type(self).__doc__ or "").strip()
        self.details = details
        super().__init__(self.message)

    @property
    def error(self) -> str:
        """What readers of the `error` field see."""
        return self.message

    @property
    def in_log(self) -> str:
        """The message and what caused the error, on one line: it may come with every request for a while."""
        cause = self.__cause__
        if cause is None:
            return self.message
        return f"{self.message} {type(cause).__name__}: {' '.join(str(cause).split())[:_LONGEST_CAUSE]}"

    @property
    def retry_after(self) -> int | None:
        """Seconds to wait before trying again, when waiting helps."""
        return None

    def body(self) -> dict[str, Any]:
        """The JSON body of the answer."""
        answer = {"error": self.error, "code": self.code, "message": self.message}
        return answer if self.details is None else answer | {"details": self.details}


class InvalidInputError(SpooledError):
    """The request breaks a rule."""

    status = 400
    grpc_status = "INVALID_ARGUMENT"
    code = "VALIDATION_ERROR"

    @classmethod
    def of_field(cls, field: str, message: str, rule: str = "invalid") -> "InvalidInputError":
        """One broken rule of one field."""
        field = field[:_LONGEST_FIELD]
        text = f"{field}: {message}"
        return cls(text, details=[{"field": field, "message": message, "code": rule}])


class MalformedInputError(InvalidInputError):
    """A required field is missing or has the wrong type."""

    status = 422


class UnauthorizedError(SpooledError):
    """A valid API key or access token is required: send `Authorization: Bearer <key>`."""

    status = 401
    grpc_status = "UNAUTHENTICATED"
    code = "UNAUTHORIZED"


class ForbiddenError(SpooledError):
    """This credential does not have the right to do that."""

    status = 403
    grpc_status = "PERMISSION_DENIED"
    code = "ACCESS_DENIED"


class NotFoundError(SpooledError):
    """There is no such thing."""

    status = 404
    grpc_status = "NOT_FOUND"
    code = "NOT_FOUND"


class MethodNotAllowedError(SpooledError):
    """This route does not answer that method."""

    status = 405
    grpc_status = "UNIMPLEMENTED"
    code = "METHOD_NOT_ALLOWED"


class RequestIncompleteError(SpooledError):
    """The request ended before its body did."""

    status = 408
    grpc_status = "DEADLINE_EXCEEDED"
    code = "REQUEST_TIMEOUT"


class ConflictError(SpooledError):
    """The state of the thing does not allow that."""

    status = 409
    grpc_status = "FAILED_PRECONDITION"
    code = "CONFLICT"


class DuplicateError(ConflictError):
    """There is one with that name already."""

    grpc_status = "ALREADY_EXISTS"


class LeaseExpiredError(ConflictError):
    """Lease expired"""

    code = "LEASE_EXPIRED"


class OtherWorkerError(ConflictError):
    """Job is held by another worker"""


class PayloadTooLargeError(SpooledError):
    """The payload is larger than allowed."""

    status = 413
    grpc_status = "INVALID_ARGUMENT"  # clients take the other for a rate, and try again for nothing
    code = "PAYLOAD_TOO_LARGE"


class UpgradeRequiredError(SpooledError):
    """This address speaks WebSocket alone: ask for an upgrade."""

    status = 426
    grpc_status = "UNIMPLEMENTED"
    code = "UPGRADE_REQUIRED"


class QuotaExceededError(SpooledError):
    """A limit of the plan is reached."""

    status = 429
    grpc_status = "RESOURCE_EXHAUSTED"
    code = "QUOTA_EXCEEDED"

    def __init__(
        self,
        *,
        resource: str,
        current: int,
        limit: int,
        plan: str,
        upgrade_to: str | None = None,
        wanted: int = 1,
        advice: str = "",
    ) -> None:
        self.room = max(0, limit - current)
        self.facts: dict[str, Any] = {"resource": resource, "current": current, "limit": limit, "plan": plan}
        if upgrade_to:
            self.facts["upgrade_to"] = upgrade_to
        message = f"{resource} limit reached ({current}/{limit}) on the {plan} plan"
        if wanted > 1:
            message += f": {wanted} more do not fit"
        if advice and limit:
            message += f"; {advice}"
        if upgrade_to:
            message += f"; the {upgrade_to} plan allows more"
        super().__init__(message, details=self.facts)

    @property
    def error(self) -> str:
        return "limit_exceeded"

    def body(self) -> dict[str, Any]:
        return super().body() | self.facts


class RateLimitedError(SpooledError):
    """Too many requests; wait and try again."""

    status = 429
    grpc_status = "RESOURCE_EXHAUSTED"
    code = "RATE_LIMIT_EXCEEDED"

    def __init__(self, message: str = "", *, wait_seconds: int = 1) -> None:
        super().__init__(message)
        self._wait_seconds = wait_seconds

    @property
    def retry_after(self) -> int | None:
        return self._wait_seconds


class UnavailableError(SpooledError):
    """The database cannot be reached at the moment; try again shortly."""

    status = 503
    grpc_status = "UNAVAILABLE"
    code = "SERVICE_UNAVAILABLE"

    @property
    def retry_after(self) -> int | None:
        return 1


class FaultError(SpooledError):
    """The service failed to answer; the request id finds the cause in its log."""
