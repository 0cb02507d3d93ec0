"""What readers of live events may ask for."""

from typing import Annotated, Any, ClassVar

from pydantic import Field, model_validator

from shared.errors import InvalidInputError
from shared.live import DOTTED
from shared.wire.vocabulary import QueueName, RequestModel

_LONGEST_ID = 100
_LONGEST_LIST = 2_000
_TYPES = {name.lower(): type_ for type_, dotted in DOTTED.items() for name in (type_, dotted)} | {
    "job.status": "JobStatusChange"  # as older clients call it
}
JobId = Annotated[str, Field(min_length=1, max_length=_LONGEST_ID)]


class ResumeQuery(RequestModel):
    """Where to begin. An empty field is an absent one, as forms send them."""

    last_event_id: str | None = Field(
        None,
        description="Begin behind the event of this id; the header `Last-Event-ID` of browsers wins.",
    )

    @model_validator(mode="before")
    @classmethod
    def _empty_is_absent(cls, data: Any) -> Any:
        return {name: value for name, value in data.items() if value} if isinstance(data, dict) else data


class EventsQuery(ResumeQuery):
    """Which events; all that the credential may see when nothing is named."""

    aliases: ClassVar[dict[str, tuple[str, ...]]] = {"queue": ("queue_name",)}
    queue: QueueName | None = Field(None, description="Only what concerns this queue.")
    job_id: JobId | None = Field(None, description="Only what concerns this job.")
    events: str | None = Field(
        None,
        max_length=_LONGEST_LIST,
        description="Only these types, with commas between: `JobCreated` or `job.created`, in any case.",
    )

    def types(self) -> frozenset[str] | None:
        """The types that are named, None for all; InvalidInputError for one that there is not."""
        named = [word.strip() for word in (self.events or "").split(",") if word.strip()]
        for word in named:
            if word.lower() not in _TYPES:
                raise InvalidInputError.of_field(
                    "events",
                    f"{word[:_LONGEST_ID]!r} is no type of event; there are {', '.join(DOTTED)}",
                    "enum",
                )
        return frozenset(_TYPES[word.lower()] for word in named) or None


class Command(RequestModel):
    """What a client says over its WebSocket."""

    aliases: ClassVar[dict[str, tuple[str, ...]]] = {"queue": ("queue_name",)}
    cmd: Annotated[str, Field(max_length=_LONGEST_ID)]
    queue: QueueName | None = None
    job_id: JobId | None = None
