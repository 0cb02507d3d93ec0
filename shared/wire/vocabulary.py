"""The vocabulary of request and answer models: two dialects in, one meaning inside."""

from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar

import orjson
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    JsonValue,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from shared.errors import InvalidInputError, MalformedInputError
from shared.json_text import LARGEST_NOTES_BYTES

SPELLINGS = "x-spellings"
"""Where the schema of a request says the other names of its fields."""
NAME_PATTERN = r"^(?:[A-Za-z0-9._-]*[A-Za-z0-9_-][A-Za-z0-9._-]*|\.{3,})$"
"""Of a queue or worker. Not `.` and `..`: in a path these are directories, which no client ever sends."""
_LARGEST_INT = 2**63 - 1
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_FIELD = 200
_LONGEST_MESSAGE = 500


class RequestModel(BaseModel):
    """A request body or query: unknown fields are ignored, an explicit null equals an absent field.

    `aliases` names the other spellings of a field; two spellings with different values are refused.
    `example` is a body to show; a subclass has its own.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)
    aliases: ClassVar[dict[str, tuple[str, ...]]] = {}
    keeps_null: ClassVar[frozenset[str]] = frozenset()
    example: ClassVar[dict[str, Any] | None] = None
    _others: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        cls._others = frozenset(other for others in cls.aliases.values() for other in others)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """The published schema says which other spellings a field has, and shows the example."""
        schema = handler(core_schema)
        resolved = handler.resolve_ref_schema(schema)
        if example := vars(cls).get("example"):
            resolved["examples"] = [example]
        fields = resolved.get("properties", {})
        spelled = {name: others for name, others in cls.aliases.items() if name in fields}
        if spelled:
            resolved[SPELLINGS] = spelled
        for name, others in spelled.items():
            spellings = " or ".join(f"`{other}`" for other in others)
            said = fields[name].get("description", "").rstrip(".")
            fields[name]["description"] = f"{said}{'. ' if said else ''}Also called {spellings}."
        return schema

    @model_validator(mode="before")
    @classmethod
    def _one_spelling(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        if cls._others.isdisjoint(data) and None not in data.values():
            return data  # as almost all are
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
                        {"field": name, "first": first[0], "second": spelling},
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


def _float_only(value: Any) -> Any:
    if isinstance(value, bool | str):
        raise PydanticCustomError("float_type", "Input should be a valid number")
    if isinstance(value, int) and abs(value) > _LARGEST_INT:
        raise PydanticCustomError("number_out_of_range", "Input should be a number of at most 64 bits")
    return value


def _written_time_only(value: Any) -> Any:
    if not isinstance(value, str) or value[4:5] != "-":
        raise PydanticCustomError("datetime_type", "Input should be a time such as 2030-01-31T09:00:00Z")
    return value


def _storable_time(value: datetime) -> datetime:
    try:
        instant = value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    except OverflowError:
        instant = _EARLIEST.replace(year=1)
    if instant < _EARLIEST:
        raise PydanticCustomError("time_out_of_range", "Input should be in the years 1970 to 9999 in UTC")
    return instant


def _searchable(value: Any) -> Any:
    try:
        size = len(orjson.dumps(value))  # told first: to look through all of a large one takes long
    except TypeError:
        raise _out_of_64_bits() from None
    if size > LARGEST_NOTES_BYTES:
        raise PydanticCustomError("too_long", f"must be at most {LARGEST_NOTES_BYTES} bytes of JSON")
    return _of_64_bits(value)


def _of_64_bits(value: Any) -> Any:
    if isinstance(value, int) and not -_LARGEST_INT - 1 <= value <= _LARGEST_INT:
        raise _out_of_64_bits()
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            _of_64_bits(item)
    return value


def _out_of_64_bits() -> PydanticCustomError:
    return PydanticCustomError("number_out_of_range", "Its numbers should have at most 64 bits")


def _flag_only(value: Any) -> Any:
    if not isinstance(value, bool):
        raise PydanticCustomError("bool_type", "Input should be true or false")
    return value


class _AlreadyRead:
    """What came as JSON, or by a protocol that has the same values, is not looked through once more."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.json_or_python_schema(handler(source), core_schema.any_schema())


Json = Annotated[JsonValue, _AlreadyRead()]
"""Any JSON value of a request."""
Int = Annotated[int, BeforeValidator(_number_only)]
Number = Annotated[float, BeforeValidator(_float_only)]
Instant = Annotated[datetime, BeforeValidator(_written_time_only), AfterValidator(_storable_time)]
"""A point in time. Without an offset it is in UTC, as the client libraries say; it goes on in UTC."""
SEARCHED_JSON = AfterValidator(_searchable)
"""For JSON that the database looks into and keeps in its own form: whole numbers have 64 bits."""
After = Annotated[
    str,
    Field(
        max_length=255,
        description="Id of the last one seen: the page that follows it, at the cost of the first.",
    ),
]
Flag = Annotated[bool, BeforeValidator(_flag_only)]
QueueName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=100,
        pattern=NAME_PATTERN,
        description="1-100 letters, digits, `-`, `_`, `.`; neither `.` nor `..`",
        examples=["emails"],
    ),
]
Priority = Annotated[Int, Field(ge=-100, le=100, description="Higher runs first.")]

_MISTYPED = ("missing", "_type", "_parsing", "_from_float")


def _is_mistyped(kind: str) -> bool:
    return kind in _MISTYPED or kind.endswith(_MISTYPED)


def input_error(error: ValidationError) -> InvalidInputError:
    """The 422 of a missing or mistyped field, the 400 of a broken rule, each naming its fields."""
    found = error.errors(include_url=False, include_input=False)
    details = [
        {"field": _field_of(item), "message": item["msg"][:_LONGEST_MESSAGE], "code": item["type"]}
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


def _field_of(item: Any) -> str:
    """Where the error is, in as few letters as will do: the request itself may have chosen the names."""
    parts = [str(part) for part in item["loc"]]
    if item["type"] == "alias_conflict":
        parts.append(item["ctx"]["field"])
    return ".".join(parts)[:_LONGEST_FIELD] or "body"
