"""Requests and answers about inbound webhooks."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, JsonValue

from shared.errors import InvalidInputError
from shared.inbound.log import DeliveryFilter
from shared.inbound.organization import InboundOrganization
from shared.inbound.receive import Delivery
from shared.jobs.enqueue import NewJob
from shared.json_text import json_text
from shared.wire.jobs import QUEUE_ALIAS, IdempotencyKey
from shared.wire.vocabulary import AnswerModel, Flag, Instant, Priority, QueueName, RequestModel

_LONGEST_WORD = 255
_PING = "ping"
EventType = Annotated[str, Field(min_length=1, max_length=_LONGEST_WORD, examples=["order.paid"])]
Secret = Annotated[str, Field(max_length=255, description="Empty: none is set.")]


class CustomWebhook(RequestModel):
    """A job that any sender pushes by a webhook."""

    aliases: ClassVar[dict[str, tuple[str, ...]]] = QUEUE_ALIAS
    keeps_null: ClassVar[frozenset[str]] = frozenset({"payload"})
    queue_name: QueueName
    payload: JsonValue = Field(description="Any JSON value; the job gets it as it was sent.")
    event_type: EventType | None = None
    idempotency_key: IdempotencyKey | None = None
    priority: Priority | None = None

    def delivery(self) -> Delivery:
        return Delivery("custom", self.event_type or "custom")

    def new_job(self, trace: str | None) -> NewJob:
        return NewJob(
            queue=self.queue_name,
            payload=json_text(self.payload, "payload"),
            priority=self.priority or 0,
            idempotency_key=self.idempotency_key,
            trace=trace,
        )


class InboundSettings(RequestModel):
    """What an organization's settings say about inbound webhooks; the rest of them is its own."""

    webhook_token: Annotated[str, Field(pattern=r"^([!-~]{16,255})?$")] | None = None
    github_webhook_secret: Secret | None = None
    stripe_webhook_secret: Secret | None = None
    allow_open_webhooks: Flag | None = None
    webhook_queue: QueueName | None = None
    webhook_queues: dict[str, QueueName] | None = None


class InboundAnswer(AnswerModel):
    """The job that the webhook stands for; all null for an event that makes none."""

    job_id: str | None
    queue_name: str | None
    status: Literal["created", "duplicate"] | None
    created: bool


class InboundDeliveryAnswer(AnswerModel):
    """An entry of the log."""

    id: str = Field(examples=["inb_01k8x5q2m4c00"])
    provider: Literal["custom", "github", "stripe"]
    event_type: str
    matched_queue: str | None
    job_id: str | None
    status: Literal["created", "duplicate"] | None
    created_at: datetime


class ListDeliveriesQuery(RequestModel):
    """Filters and page of the log."""

    aliases: ClassVar[dict[str, tuple[str, ...]]] = QUEUE_ALIAS
    status: Literal["created", "duplicate"] | None = None
    since: Instant | None = None
    queue_name: Annotated[str, Field(max_length=100)] | None = None
    limit: Annotated[int, Field(ge=0, description="At most 100; more is cut, not refused.")] = 50
    offset: Annotated[int, Field(ge=0, le=1_000_000)] = 0

    def filter(self) -> DeliveryFilter:
        return DeliveryFilter(self.status, self.since, self.queue_name, self.limit, self.offset)


def github_delivery(headers: Mapping[str, str]) -> Delivery:
    """What the headers of GitHub say of a delivery. Raises InvalidInputError without X-GitHub-Event."""
    event_type = _word(headers.get("x-github-event"), "X-GitHub-Event")
    if event_type is None:
        raise InvalidInputError.of_field("X-GitHub-Event", "is required: the name of the event", "missing")
    return Delivery("github", event_type, _word(headers.get("x-github-delivery"), "X-GitHub-Delivery"))


def stripe_delivery(event: JsonValue) -> Delivery:
    """What an event of Stripe says of itself. Raises InvalidInputError for what is no event."""
    if not isinstance(event, dict):
        raise InvalidInputError.of_field("body", "must be an event of Stripe: a JSON object", "dict_type")
    event_type = _word(event.get("type"), "type")
    if event_type is None:
        raise InvalidInputError.of_field("type", "is required: the type of the event", "missing")
    return Delivery("stripe", event_type, _word(event.get("id"), "id"))


def provider_job(
    organization: InboundOrganization, delivery: Delivery, data: JsonValue, trace: str | None
) -> NewJob | None:
    """The job of an event, in the queue that the settings name; None for the ping of GitHub, a mere test."""
    if (delivery.provider, delivery.event_type) == ("github", _PING):
        return None
    payload: dict[str, Any] = {
        "provider": delivery.provider,
        "event": delivery.event_type,
        "delivery_id": delivery.delivery_id,
        "data": data,
    }
    queue = organization.queue_of(delivery.provider, delivery.event_type)
    return NewJob(queue=queue, payload=json_text(payload, "body"), trace=trace)


def _word(value: JsonValue, field: str) -> str | None:
    """A short text, None for none at all. Raises InvalidInputError for anything else."""
    if value is None or value == "":
        return None
    if not (isinstance(value, str) and len(value) <= _LONGEST_WORD and value.isprintable()):
        raise InvalidInputError.of_field(
            field, f"must be text of at most {_LONGEST_WORD} printable characters", "invalid"
        )
    return value
