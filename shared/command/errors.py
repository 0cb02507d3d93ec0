"""What can go wrong, as it is shown to a person and to a script."""

from typing import Any

from shared.command.exits import Exit, exit_of_status


class CommandError(Exception):
    """A command cannot be done; the message says why, and what to do."""

    def __init__(self, message: str, code: Exit = Exit.FAILED) -> None:
        super().__init__(message)
        self.message = message
        self.exit = code

    def lines(self) -> list[str]:
        """For people: the message, and what else helps."""
        return [self.message]

    def document(self) -> dict[str, Any]:
        """For scripts."""
        return {"error": self.message, "exit_code": int(self.exit)}


class UnreachableError(CommandError):
    """No answer came."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(
            f"Cannot reach {url}: {reason}. Does it run, and is SPOOLED_URL right?", Exit.UNREACHABLE
        )


class ApiError(CommandError):
    """The service answered, and refused or failed."""

    def __init__(
        self, status: int, body: object, request_id: str | None = None, retry_after: float | None = None
    ) -> None:
        said: dict[str, Any] = body if isinstance(body, dict) else {}
        super().__init__(
            str(said.get("message") or said.get("error") or f"HTTP status {status}"), exit_of_status(status)
        )
        self.status = status
        self.code = str(said.get("code", ""))
        self.details = said.get("details")
        self.request_id = request_id
        self.retry_after = retry_after

    @property
    def is_quota(self) -> bool:
        """Whether a limit of the plan is reached, so that waiting a moment does not help."""
        return self.code == "QUOTA_EXCEEDED"

    @property
    def may_pass(self) -> bool:
        """Whether the same request may succeed a little later."""
        return self.exit is Exit.UNREACHABLE or (self.exit is Exit.LIMITED and not self.is_quota)

    def lines(self) -> list[str]:
        found = [f"{self.message} ({self.code or 'HTTP'} {self.status})"]
        if isinstance(self.details, list):
            found += [
                f"  {detail.get('field', '')}: {detail.get('message', '')}"
                for detail in self.details
                if isinstance(detail, dict)
            ]
        if self.exit is Exit.FORBIDDEN:
            found.append("  The key is read from SPOOLED_API_KEY or --api-key-file.")
        return [*found, f"  Request id: {self.request_id}"] if self.request_id else found

    def document(self) -> dict[str, Any]:
        return super().document() | {
            "status": self.status,
            "code": self.code,
            "details": self.details,
            "request_id": self.request_id,
        }
