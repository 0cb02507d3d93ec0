"""Requests and answers about people: signing in and up by e-mail, and the members of an organization."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from shared.people.addresses import ADDRESS_PATTERN, LONGEST_ADDRESS
from shared.people.codes import CODE_LENGTH
from shared.wire.auth import LoginAnswer
from shared.wire.vocabulary import AnswerModel, RequestModel


def _typed(value: Any) -> Any:
    return value.strip().lower() if isinstance(value, str) else value


def _typed_code(value: Any) -> Any:
    return value.strip().upper() if isinstance(value, str) else value


Email = Annotated[
    str,
    Field(max_length=LONGEST_ADDRESS, pattern=ADDRESS_PATTERN, examples=["john@example.com"]),
    BeforeValidator(_typed),
]
"""An address, in lower case from here on."""
Code = Annotated[
    str,
    Field(min_length=CODE_LENGTH, max_length=CODE_LENGTH, description="In either case.", examples=["K7M2QX"]),
    BeforeValidator(_typed_code),
]


class EmailQuery(RequestModel):
    """The address to look at."""

    email: Email


class StartEmail(RequestModel):
    """Where to send the code."""

    email: Email


class VerifyEmail(RequestModel):
    """The code that came by e-mail."""

    email: Email
    code: Code


class CompleteSignUp(RequestModel):
    """The organization to make, and the proof of an address."""

    signup_token: Annotated[str, Field(min_length=1, max_length=255)]
    name: Annotated[str, Field(min_length=3, max_length=100)]
    slug: Annotated[str, Field(min_length=3, max_length=50, pattern=r"^[a-z0-9-]+$")]


class AddMember(RequestModel):
    """Who is to belong to the organization."""

    email: Email
    role: Literal["admin", "member"]


class EmailCheckAnswer(AnswerModel):
    """Whether an address is known here."""

    exists: bool
    available: bool
    signup_enabled: bool
    has_organizations: bool


class CodeSentAnswer(AnswerModel):
    """The code is on its way; the same for every address."""

    message: str
    email_sent_to: str
    email_to: str
    expires_in: int = Field(description="Seconds.")
    success: Literal[True]
    sent: Literal[True]


class OwnOrganizationAnswer(AnswerModel):
    """An organization that a person belongs to."""

    id: str
    role: Literal["owner", "admin", "member"]


class EmailLoginAnswer(LoginAnswer):
    """Signed in to the first of the person's organizations."""

    type: Literal["login"]
    user_id: str
    email: str
    organizations: list[OwnOrganizationAnswer]


class SignUpOfferAnswer(AnswerModel):
    """The address is proven, and its person has no organization yet."""

    type: Literal["signup"]
    signup_token: str
    email: str
    expires_in: int = Field(description="Seconds.")


EmailVerifiedAnswer = EmailLoginAnswer | SignUpOfferAnswer


class NewOrganizationAnswer(AnswerModel):
    """The organization that was made."""

    id: str
    name: str
    slug: str
    billing_email: str


class SignedUpAnswer(LoginAnswer):
    """The new organization with its first key, which is shown this once, and its owner signed in."""

    organization: NewOrganizationAnswer
    api_key: str


class MemberAnswer(AnswerModel):
    """A person of an organization."""

    id: str
    user_id: str
    email: str
    name: str
    role: Literal["owner", "admin", "member"]
    joined_at: datetime
    invited_by: str | None
