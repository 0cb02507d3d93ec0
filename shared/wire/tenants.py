"""Requests and answers about organizations and API keys."""

from datetime import datetime
from typing import Annotated, Any, ClassVar

from pydantic import Field, JsonValue, ValidationError

from shared.json_text import settings_text
from shared.tenants.organizations import MASK, OrganizationChanges, is_secret
from shared.wire.inbound import InboundSettings
from shared.wire.vocabulary import AnswerModel, Flag, Instant, Int, RequestModel, input_error

Name = Annotated[str, Field(min_length=1, max_length=100)]
Word = Annotated[str, Field(min_length=1, max_length=100)]
Slug = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[a-z0-9-]+$")]
KeyQueues = Annotated[
    list[Word],
    Field(max_length=100, description="Queues that the key is held to; empty or `*`: all."),
]
KeyRateLimit = Annotated[Int, Field(ge=1, le=10_000, description="Requests per minute.")]


class CheckedSettings(RequestModel):
    """The settings that the service reads; all others are the organization's own."""

    settings: InboundSettings


def organization_settings_text(settings: dict[str, JsonValue]) -> str:
    """The text of an organization's settings, without what is null or a secret's mask.

    Raises InvalidInputError for a setting that the service could not use.
    """
    given = {
        name: value
        for name, value in settings.items()
        if value is not None and not (is_secret(name) and value == MASK)
    }
    text = settings_text(given, "settings")  # which bounds what is looked through
    try:
        CheckedSettings.model_validate({"settings": given})
    except ValidationError as error:
        raise input_error(error) from None
    return text


class CreateOrganization(RequestModel):
    """A new tenant."""

    name: Name = Field(examples=["My Company"])
    slug: Slug = Field(examples=["my-company"])
    billing_email: Annotated[str, Field(max_length=320)] | None = None


class ChangeOrganization(RequestModel):
    """What to change; what is not named stays. `settings` is merged, a null in it removes its key."""

    name: Name | None = None
    billing_email: Annotated[str, Field(max_length=320)] | None = None
    description: Annotated[str, Field(max_length=1000)] | None = None
    logo_url: Annotated[str, Field(max_length=2048, pattern=r"^(https?://\S+)?$")] | None = None
    settings: dict[str, JsonValue] | None = None

    def changes(self) -> OrganizationChanges:
        settings = self.settings or {}
        return OrganizationChanges(
            name=self.name,
            billing_email=self.billing_email,
            description=self.description,
            logo_url=self.logo_url,
            settings=organization_settings_text(settings),
            lifted=[key for key, value in settings.items() if value is None],
        )


class CheckSlugQuery(RequestModel):
    """The slug to look at."""

    slug: Annotated[str, Field(max_length=1000)]


class GenerateSlug(RequestModel):
    """The name to make a slug of."""

    name: Annotated[str, Field(min_length=1, max_length=1000)]


class OrganizationItemAnswer(AnswerModel):
    """A tenant in a list."""

    id: str
    name: str
    slug: str
    plan_tier: str
    created_at: datetime


class SlugCheckAnswer(AnswerModel):
    """Whether a slug can be taken."""

    available: bool
    valid: bool
    slug: str
    error: str | None = Field(default=None, description="Why it cannot be taken.")
    suggestion: str | None = Field(default=None, description="One that can.")


class SlugAnswer(AnswerModel):
    """A slug that is free."""

    slug: str


class OrganizationAnswer(AnswerModel):
    """A tenant."""

    id: str = Field(examples=["org_01k8x5q2m4c00"])
    name: str
    slug: str
    plan_tier: str
    billing_email: str | None
    description: str | None
    logo_url: str | None
    settings: dict[str, Any]
    custom_limits: dict[str, Any] | None
    stripe_customer_id: str | None
    stripe_subscription_id: str | None
    stripe_subscription_status: str | None
    stripe_current_period_end: datetime | None
    stripe_cancel_at_period_end: bool | None
    created_at: datetime
    updated_at: datetime


class NewKeyAnswer(AnswerModel):
    """A key that is shown this once."""

    id: str
    key: str
    name: str
    created_at: datetime


class CreatedOrganizationAnswer(OrganizationAnswer):
    """The new tenant with its first key."""

    organization: OrganizationAnswer
    api_key: NewKeyAnswer


class CreateKey(RequestModel):
    """A new API key."""

    example: ClassVar[dict[str, Any]] = {
        "name": "Production App",
        "permissions": ["jobs:write", "jobs:read", "queues:read"],
    }
    name: Name = Field(examples=["Production App"])
    permissions: Annotated[list[Word], Field(max_length=100)] | None = None
    queues: KeyQueues | None = None
    rate_limit: KeyRateLimit | None = None
    expires_at: Instant | None = None


class ChangeKey(RequestModel):
    """What to change; what is not named stays."""

    name: Name | None = None
    queues: KeyQueues | None = None
    rate_limit: KeyRateLimit | None = None
    is_active: Flag | None = None


class KeyAnswer(AnswerModel):
    """An API key, without the secret."""

    id: str
    organization_id: str
    name: str
    key_prefix: str
    permissions: list[str] | None
    queues: list[str]
    rate_limit: int | None
    is_active: bool
    created_at: datetime
    last_used: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None = Field(description="Since when it is good no more, for good.")
    rotated_from: str | None = Field(description="The key that this one takes the place of.")
    rotated_to: str | None = Field(description="The key that takes the place of this one.")


class CreatedKeyAnswer(KeyAnswer):
    """The new key, with the secret for the only time."""

    key: str
