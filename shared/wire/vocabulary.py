"""The vocabulary of request and answer models: two dialects in, one meaning inside."""

from typing import Annotated, Any, ClassVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from shared.errors import InvalidInputError, MalformedInputError

QUEUE_NAME_PATTERN = r"^[A-Za-z0-9._-]+$"


class RequestModel(BaseModel):
    """A request body or query: unknown fields are ignored, an explicit null equals an absent field.

    `aliases` names the other spellings of a field; two spellings with different values are refused.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)
    aliases: ClassVar[dict[str, tuple[str, ...]]] = {}
    keeps_null: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="before")
    @classmethod
    def _one_spelling(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        values = {key: value for key, value in data.items() if value is not None or key in cls.keeps_null}
        for name, others in cls.aliases.items():
            given = {spelling: values.pop(spelling) for spelling in (name, *others) if spelling in values}
            if not given:
                continue
            first, *rest = given.items()
            for spelling, value in rest:
                if value != first[1]:
                    raise PydanticCustomError(
                        "alias_conflict",
                        "{first} and {second} are two names of one field and differ; send one",
                        {"first": first[0], "second": spelling},
                    )
            values[name] = first[1]
        return values


class AnswerModel(BaseModel):
    """The published shape of an answer; the rows themselves are written straight to JSON."""

    model_config = ConfigDict(frozen=True)


def _number_only(value: Any) -> Any:
    if isinstance(value, bool | str):
        raise PydanticCustomError("int_type", "Input should be a valid integer")
    return value


def _flag_only(value: Any) -> Any:
    if not isinstance(value, bool):
        raise PydanticCustomError("bool_type", "Input should be true or false")
    return value


Int = Annotated[int, BeforeValidator(_number_only)]
Flag = Annotated[bool, BeforeValidator(_flag_only)]
QueueName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=100,
        pattern=QUEUE_NAME_PATTERN,
        description="1-100 letters, digits, `-`, `_`, `.`",
        examples=["emails"],
    ),
]
Priority = Annotated[Int, Field(ge=-100, le=100, description="Higher runs first.")]

_MISTYPED = ("missing", "_type", "_parsing", "_from_float", "model_attributes_type")


def _is_mistyped(kind: str) -> bool:
    return kind in _MISTYPED or kind.endswith(_MISTYPED)


def input_error(error: ValidationError) -> InvalidInputError:
    """The 422 of a missing or mistyped field, the 400 of a broken rule, each naming its fields."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    details = [
        {
            "field": ".".join(str(part) for part in item["loc"]) or "body",
            "message": item["msg"],
            "code": item["type"],
        }
        for item in found[:20]
    ]
    message = "; ".join(f"{detail['field']}: {detail['message']}" for detail in details[:5])
    kind = MalformedInputError if any(_is_mistyped(item["type"]) for item in found) else InvalidInputError
    return kind(message, details=details)


_QUEUE_NAME: TypeAdapter[str] = TypeAdapter(QueueName)


def checked_queue_name(name: str) -> str:
    """The name of a queue that a path may bring into being. Raises InvalidInputError for what is no name."""
    try:
        return _QUEUE_NAME.validate_python(name)
    except ValidationError as error:
        raise InvalidInputError.of_field("queue_name", error.errors()[0]["msg"], "queue_name") from None
