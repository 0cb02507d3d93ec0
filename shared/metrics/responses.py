"""How requests ended, in few words, by the status of HTTP or gRPC."""

OUTCOMES_OF_REQUESTS = ("ok", "refused", "limited", "failed")
"""Answered; the caller's fault; above a limit (429); our fault."""
_LIMITED, _FAILED = 429, 500
_GRPC_LIMITED = 8  # RESOURCE_EXHAUSTED
_GRPC_FAILED = {2, 12, 13, 14, 15}  # UNKNOWN, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS


def outcome_of(method: str, status: int) -> str:
    """One of OUTCOMES_OF_REQUESTS."""
    if method == "gRPC":
        if status in _GRPC_FAILED:
            return "failed"
        return "limited" if status == _GRPC_LIMITED else "refused" if status else "ok"
    if status >= _FAILED:
        return "failed"
    return "limited" if status == _LIMITED else "refused" if status >= 400 else "ok"  # noqa: PLR2004
