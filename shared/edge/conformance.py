"""Checks that an answer is what its route publishes. The test suite runs with it on (`validate_answers`)."""

from functools import cache
from typing import Any

from pydantic import TypeAdapter

from shared.edge.answer import JSON, Answer, encode
from shared.edge.endpoint import Endpoint
from shared.edge.openapi import ErrorBody, error_statuses

_GOOD = range(200, 400)


class UndeclaredAnswerError(AssertionError):
    """A function answered something that its route does not declare."""


@cache
def _adapter(model: Any) -> TypeAdapter[Any]:
    return TypeAdapter(model)


def check_answer(endpoint: Endpoint, answer: Answer) -> None:
    """Raise UndeclaredAnswerError or a validation error for an answer that the OpenAPI does not describe."""
    status = answer.status or endpoint.status
    if status in _GOOD:
        if status not in {endpoint.status, *endpoint.also}:
            raise UndeclaredAnswerError(f"{endpoint.operation_id} answered {status}")
        if endpoint.pages != ("x-has-more" in answer.headers):
            raise UndeclaredAnswerError(f"{endpoint.operation_id} and the X-Has-More header")
        if endpoint.answer is None or answer.media_type != JSON:
            return
        _adapter(endpoint.answer).validate_json(encode(answer.body), extra="forbid")
    elif status != 500:  # noqa: PLR2004 - a fault is logged and never declared
        if status not in error_statuses(endpoint):
            raise UndeclaredAnswerError(f"{endpoint.operation_id} answered {status}")
        ErrorBody.model_validate_json(encode(answer.body), extra="forbid")
