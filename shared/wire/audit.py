"""The audit log as the API shows it."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from shared.audit.log import AuditFilter
from shared.wire.vocabulary import After, AnswerModel, Instant, RequestModel


class ListAuditQuery(RequestModel):
    """Which entries, and which page of them."""

    act: Annotated[str, Field(max_length=100, description="For example `queues.pause`.")] | None = None
    actor: (
        Annotated[str, Field(max_length=100, description="Id of a key or person, `admin` or `anonymous`.")]
        | None
    ) = None
    since: Annotated[Instant, Field(description="Inclusive.")] | None = None
    until: Annotated[Instant, Field(description="Exclusive.")] | None = None
    after: After | None = None
    limit: Annotated[int, Field(ge=0, description="At most 1000; more is cut, not refused.")] = 50
    offset: Annotated[int, Field(ge=0, le=1_000_000)] = 0

    def filter(self) -> AuditFilter:
        return AuditFilter(**self.model_dump())


class AuditActorAnswer(AnswerModel):
    """Who: an API key with its name, a person, the administrator, or somebody without a credential."""

    type: Literal["api_key", "user", "admin", "anonymous"]
    id: str | None
    name: str | None


class AuditEntryAnswer(AnswerModel):
    """Something that somebody did, or was refused."""

    id: str
    act: str = Field(description="The function, for example `queues.pause`.")
    target: str | None = Field(description="Name or id of what it was done to, or of what was made.")
    details: dict[str, Any] = Field(description="What was asked or held by default, no payloads and secrets.")
    actor: AuditActorAnswer
    client_address: str
    request_id: str
    created_at: datetime
    outcome: Literal["done", "refused", "failed", "unknown"]
    status_code: int | None
    code: str | None = Field(description="Of the error.")
