"""Requests and answers about signing in."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from shared.tenants.tokens import LONGEST_TOKEN
from shared.wire.vocabulary import AnswerModel, RequestModel

TokenText = Annotated[str, Field(min_length=1, max_length=LONGEST_TOKEN)]
HOLDER: str = Field(description="The API key; of a session by e-mail the person, `user_...`.")


class LoginRequest(RequestModel):
    """The key to exchange for tokens."""

    api_key: Annotated[str, Field(min_length=10, max_length=255)]


class RefreshRequest(RequestModel):
    """The token to get a new access token with."""

    refresh_token: TokenText


class LogoutRequest(RequestModel):
    """The refresh token to end beside the access token."""

    refresh_token: TokenText | None = None


class ValidateRequest(RequestModel):
    """The access token to look at."""

    token: TokenText


class RefreshAnswer(AnswerModel):
    """A new access token; lifetimes are in seconds."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int


class LoginAnswer(RefreshAnswer):
    """Both tokens."""

    refresh_token: str
    refresh_expires_in: int


class SessionOrganizationAnswer(AnswerModel):
    """The organization of a session."""

    id: str
    name: str
    slug: str
    plan_tier: str
    billing_email: str | None


class SessionAnswer(AnswerModel):
    """Who a credential stands for. No queues: all of them."""

    organization_id: str
    api_key_id: str = HOLDER
    user_id: str | None = Field(description="The person, when one signed in by e-mail.")
    role: str | None = Field(description="What the person is in the organization.")
    queues: list[str]
    permissions: list[str] = Field(description="What it may do; all there are when it is not held to some.")
    issued_at: datetime
    expires_at: datetime
    organization: SessionOrganizationAnswer


class ClaimsAnswer(AnswerModel):
    """What a token says; times are Unix seconds."""

    org_id: str
    organization_id: str
    api_key_id: str = HOLDER
    user_id: str | None = None
    queues: list[str]
    exp: int
    iat: int


class ValidateAnswer(AnswerModel):
    """Whether a token would be let in; `error` says why not."""

    valid: bool
    error: str | None = None
    message: str | None = None
    claims: ClaimsAnswer | None = None
    organization_id: str | None = None
    expires_at: datetime | None = None
