"""Requests and answers about outgoing webhooks."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, JsonValue
from pydantic_core import PydanticCustomError

from shared.webhooks.events import EVENTS
from shared.webhooks.manage import WebhookFields
from shared.webhooks.model import OTHER_SPELLINGS, Format
from shared.webhooks.target import LONGEST_URL
from shared.wire.vocabulary import AnswerModel, Flag, RequestModel


def _canonical(events: list[str]) -> list[str]:
    """Each event once, under its own name."""
    named = [OTHER_SPELLINGS.get(event, event) for event in events]
    unknown = [event for event in named if event not in EVENTS]
    if unknown:
        raise PydanticCustomError(
            "unknown_event",
            "{event} is none of {known}",
            {"event": repr(unknown[0][:100]), "known": ", ".join(EVENTS)},
        )
    return list(dict.fromkeys(named))


Name = Annotated[str, Field(min_length=1, max_length=255, examples=["Slack alerts"])]
Url = Annotated[
    str,
    Field(
        # Shown only: the check of the URL has the words that clients look for.
        json_schema_extra={"minLength": 1, "maxLength": LONGEST_URL},
        description="https, and an address of the open internet.",
        examples=["https://hooks.example.com/spooled"],
    ),
]
Events = Annotated[
    list[Annotated[str, Field(max_length=100)]],
    Field(min_length=1, max_length=100, description=", ".join(f"`{event}`" for event in EVENTS)),
    AfterValidator(_canonical),
]
Secret = Annotated[
    str, Field(max_length=255, description="Deliveries are signed with it; empty: they are not.")
]


class CreateWebhook(RequestModel):
    """Who is to hear of what."""

    name: Name
    url: Url
    events: Events
    secret: Secret | None = None
    enabled: Flag = True
    format: Format = "json"

    def fields(self) -> WebhookFields:
        return WebhookFields(self.name, self.url, self.events, self.format, self.enabled)


class UpdateWebhook(RequestModel):
    """Changes to a webhook; what is left out stays. A `secret` of null ends the signing."""

    keeps_null: ClassVar[frozenset[str]] = frozenset({"secret"})
    name: Name | None = None
    url: Url | None = None
    events: Events | None = None
    secret: Secret | None = None
    enabled: Flag | None = None
    format: Format | None = None

    def fields(self) -> WebhookFields:
        return WebhookFields(self.name, self.url, self.events, self.format, self.enabled)

    @property
    def changes_secret(self) -> bool:
        return "secret" in self.model_fields_set


class DeliveriesQuery(RequestModel):
    """Filter and page of a list of deliveries."""

    status: Literal["pending", "success", "failed"] | None = None
    bodies: Annotated[
        bool, Field(description="`false`: without what was sent and answered, `payload` and `response_body`.")
    ] = True
    limit: Annotated[int, Field(ge=0, description="At most 100; more is cut, not refused.")] = 50
    offset: Annotated[int, Field(ge=0, le=1_000_000)] = 0


class WebhookAnswer(AnswerModel):
    """A webhook; its secret is never shown."""

    id: str = Field(examples=["wh_01k8x5q2m4c00"])
    organization_id: str
    name: str
    url: str
    events: list[str]
    format: Format
    enabled: bool
    failure_count: int = Field(description="Failed deliveries in a row; 20 disable the webhook.")
    last_triggered_at: datetime | None
    last_status: Literal["success", "failed", "auto_disabled"] | None
    created_at: datetime
    updated_at: datetime
    overlap_ends_at: datetime | None = Field(
        description="Until then deliveries are signed with the secret before too; null: there is none."
    )


class DeliveryAnswer(AnswerModel):
    """One event for one webhook, and how its last attempt went."""

    id: str = Field(examples=["dlv_01k8x5q2m4c00"])
    webhook_id: str
    event: str
    payload: JsonValue = Field(description="The body as it is sent; null where bodies were left out.")
    status: Literal["pending", "success", "failed"]
    status_code: int | None
    response_body: str | None = Field(description="The beginning of what the target answered.")
    error: str | None
    attempts: int
    next_attempt_at: datetime | None = Field(description="Of one that is pending.")
    created_at: datetime
    delivered_at: datetime | None


class TestedAnswer(AnswerModel):
    """How a test went."""

    success: bool
    status_code: int | None
    response_time_ms: int
    error: str | None


class RetriedAnswer(AnswerModel):
    """Whether a delivery is sent again."""

    success: bool
    message: str
