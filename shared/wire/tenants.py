"""Requests and answers about organizations and API keys."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from shared.wire.vocabulary import AnswerModel, Instant, Int, RequestModel

Name = Annotated[str, Field(min_length=1, max_length=100)]
Word = Annotated[str, Field(min_length=1, max_length=100)]
Slug = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[a-z0-9-]+$")]


class CreateOrganization(RequestModel):
    """A new tenant."""

    name: Name = Field(examples=["My Company"])
    slug: Slug = Field(examples=["my-company"])
    billing_email: Annotated[str, Field(max_length=320)] | None = None


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

    name: Name = Field(examples=["Production App"])
    permissions: Annotated[list[Word], Field(max_length=100)] | None = None
    queues: Annotated[list[Word], Field(max_length=100)] | None = None
    rate_limit: Annotated[Int, Field(ge=1, le=10_000, description="Requests per minute.")] | None = None
    expires_at: Instant | None = None


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


class CreatedKeyAnswer(KeyAnswer):
    """The new key, with the secret for the only time."""

    key: str
