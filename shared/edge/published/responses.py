"""The answers of every route: what each error means, the headers, the media type."""

from http import HTTPStatus
from typing import Any

from shared.edge.answer import JSON
from shared.edge.endpoint import Endpoint
from shared.errors import QuotaExceededError, SpooledError

_WAITS = {"429", "503"}
_WRITTEN_BY_FASTAPI = "HTTPValidationError"
_NAMES = {str(status.value): status.phrase.title().replace(" ", "") for status in HTTPStatus}
HEADERS: dict[str, dict[str, Any]] = {
    "X-Request-Id": {
        "description": "The request's own id, or a new one; the log of the service has it too.",
        "schema": {"type": "string"},
        "example": "b7d1f5c09a4e4a0b8d3c",
    },
    "X-Has-More": {
        "description": "Whether another page follows.",
        "required": True,
        "schema": {"type": "string", "enum": ["true", "false"]},
    },
    "X-RateLimit-Limit": {"description": "Requests that may come at once.", "schema": {"type": "integer"}},
    "X-RateLimit-Remaining": {"description": "How many are left of them.", "schema": {"type": "integer"}},
    "X-RateLimit-Reset": {
        "description": "When all of them may come again, Unix seconds.",
        "schema": {"type": "integer"},
    },
    "X-RateLimit-Scope": {
        "description": "What the request was counted by.",
        "schema": {"type": "string"},
        "example": "organization",
    },
    "Retry-After": {
        "description": "Seconds to wait. Not there on a plan limit: waiting does not help.",
        "schema": {"type": "integer", "minimum": 1},
    },
}


_ALWAYS = ("X-Request-Id", *(name for name in HEADERS if name.startswith("X-RateLimit-")))


def codes_of(status: int) -> list[str]:
    """The machine codes that an error of a status may have."""
    return sorted({kind.code for kind in _kinds(SpooledError) if kind.status == status})


def error_example(status: int) -> dict[str, Any]:
    """A body of that status."""
    if status == QuotaExceededError.status:
        return QuotaExceededError(
            resource="active_jobs", current=10, limit=10, plan="free", upgrade_to="starter"
        ).body()
    kind = next(kind for kind in _kinds(SpooledError) if kind.status == status)
    return kind().body()


def is_good(status: str) -> bool:
    """Whether it is no error: what a stream begins with is one of 1xx, what is not sent again one of 3xx."""
    return status < "4"


def complete_answers(operation: dict[str, Any], endpoint: Endpoint, errors: dict[str, Any]) -> None:
    """Headers and media type of every answer; errors are alike everywhere and stand in `errors`, once."""
    answers = operation["responses"]
    if _WRITTEN_BY_FASTAPI in str(answers.get("422")):
        del answers["422"]
    for status, answer in answers.items():
        if not is_good(status):
            errors.setdefault(_NAMES[status], _error(status, answer))
            answers[status] = {"$ref": f"#/components/responses/{_NAMES[status]}"}
            continue
        answer["headers"] = _headers(*_ALWAYS, *(["X-Has-More"] if endpoint.pages else []))
        if endpoint.media_type != JSON and status == str(endpoint.status):
            answer["content"] = {endpoint.media_type: {"schema": {"type": "string"}}}


def _error(status: str, answer: dict[str, Any]) -> dict[str, Any]:
    schema = answer["content"][JSON]["schema"]
    codes = " or ".join(f"`{code}`" for code in codes_of(int(status)))
    return {
        "description": f"{answer['description']} Code: {codes}.",
        "headers": _headers(*_ALWAYS, *(["Retry-After"] if status in _WAITS else [])),
        "content": {JSON: {"schema": schema, "example": error_example(int(status))}},
    }


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _kinds(kind: type[SpooledError]) -> list[type[SpooledError]]:
    return [kind, *(found for child in kind.__subclasses__() for found in _kinds(child))]
