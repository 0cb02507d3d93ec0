"""What Lambda itself says when a function did not get to answer."""

import json

from localstack.lambdas.limits import RESPONSE_BYTES
from localstack.lambdas.model import Invocation

OUT_OF_MEMORY = "Runtime.OutOfMemory"
TIMED_OUT = "Sandbox.Timedout"
_SIGNALS = {6: "aborted", 9: "killed", 11: "segmentation fault", 15: "terminated"}


class EnvironmentFaultError(Exception):
    """An environment cannot go on; its invocation has the error, and it is thrown away."""

    def __init__(self, kind: str, message: str, payload: bytes | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self._payload = payload

    def outcome(self, request_id: str) -> Invocation:
        """The error as the caller of the function sees it."""
        payload = self._payload or _error(self.kind, f"RequestId: {request_id} Error: {self.message}")
        return Invocation(payload, failed=True)

    @property
    def status(self) -> str:
        return "timeout" if self.kind == TIMED_OUT else "error"


def timed_out(seconds: float) -> EnvironmentFaultError:
    return EnvironmentFaultError(TIMED_OUT, f"Task timed out after {seconds:.2f} seconds")


def out_of_memory() -> EnvironmentFaultError:
    return EnvironmentFaultError(OUT_OF_MEMORY, "Runtime exited with error: signal: killed")


def exited(code: int) -> EnvironmentFaultError:
    """The process ended by itself, or somebody ended it."""
    if code == 0:
        message = "Runtime exited without providing a reason"
    elif code > 0:
        message = f"Runtime exited with error: exit status {code}"
    else:
        message = f"Runtime exited with error: signal: {_SIGNALS.get(-code, str(-code))}"
    return EnvironmentFaultError("Runtime.ExitError", message)


def init_failed(payload: bytes, kind: str) -> EnvironmentFaultError:
    """The runtime client has said itself why the function cannot be loaded."""
    return EnvironmentFaultError(kind, "", payload)


def response_too_large() -> EnvironmentFaultError:
    kind = "Function.ResponseSizeTooLarge"
    message = f"Response payload size exceeded maximum allowed payload size ({RESPONSE_BYTES} bytes)."
    return EnvironmentFaultError(kind, message, _error(kind, message))


def _error(kind: str, message: str) -> bytes:
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()
