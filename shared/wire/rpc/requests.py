"""Reading a message by the model of its twin in REST: one set of rules, in the words of this contract."""

from typing import Any, TypeVar

from google.protobuf.message import Message
from pydantic import ValidationError

from shared.errors import InvalidInputError
from shared.wire.rpc.values import given
from shared.wire.vocabulary import RequestModel, input_error

Model = TypeVar("Model", bound=RequestModel)
_IN_WORDS = {"queue_name": "Queue name", "worker_id": "Worker ID"}
"""What clients look for in the text of a refusal."""


def read(model: type[Model], message: Message, **unsaid: Any) -> Model:
    """The message as a model; `unsaid` stands for what it leaves open. Raises InvalidInputError."""
    return read_values(model, unsaid | given(message))


def read_values(model: type[Model], values: dict[str, Any]) -> Model:
    """The values of a message, changed where the contract wants it, as a model. Raises InvalidInputError."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        details = input_error(error).details
        assert isinstance(details, list)
        text = "; ".join(
            f"{_said(model, detail['field'], values)}: {detail['message']}" for detail in details[:5]
        )
        raise InvalidInputError(text, details=details) from None


def _said(model: type[RequestModel], field: str, values: dict[str, Any]) -> str:
    """The field as the message calls it, or as clients look for it."""
    named = next((name for name in model.aliases.get(field, ()) if name in values), field)
    return _IN_WORDS.get(named, named)
