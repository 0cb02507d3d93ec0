"""Every setting of the service, read once from the environment.

Plain pydantic instead of pydantic-settings: the latter adds 80-140 ms to the import of every function.
"""

import os
from collections.abc import Mapping
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from shared.certificate import check_certificate
from shared.mail.server import read_smtp_url
from shared.secret_keys import SHORTEST_SECRET, read_fallbacks
from shared.server_urls import check_database_url, check_redis_url

DEVELOPMENT_SECRET = "development-secret-not-for-production"  # noqa: S105 - refused outside development


class Settings(BaseModel):
    """Settings by environment variable; each field's name in upper case is the variable's."""

    # Neither a log of the settings nor an error of one shows a secret.
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    spooled_env: Literal["development", "production"] = Field(
        "production", description="`development` opens the eases below; everything deployed is `production`."
    )
    host: str = Field("127.0.0.1", description="Address that the local server listens on.")
    port: int = Field(8080, ge=0, le=65535, description="HTTP port of the local server.")
    grpc_port: int = Field(50_051, ge=0, le=65535, description="gRPC port beside it; 0: any that is free.")
    tls_certificate_file: str = Field(
        "",
        description="PEM file of the certificate, with its chain below, that HTTP and gRPC show; empty: both "
        "are in the clear. Read at the start.",
    )
    tls_key_file: str = Field("", description="PEM file of the certificate's key, without a passphrase.")
    drain_seconds: float = Field(
        10.0,
        ge=0,
        le=100,
        description="Longest wait of an ending process for the jobs in flight on its gRPC streams, seconds.",
    )
    spooled_data_dir: str = Field(".data", description="Folder of the embedded servers and secrets.")
    database_url: str = Field(
        "", repr=False, description="PostgreSQL URL; empty with `make run`: the embedded server."
    )
    owner_database_url: str = Field(
        "",
        repr=False,
        description="PostgreSQL URL of the tables' owner, for the migration step alone, which then lets the "
        "login of `DATABASE_URL` in; empty: `DATABASE_URL` is the owner's.",
    )
    redis_url: str = Field(
        "", repr=False, description="Redis URL; `none` runs without; empty: the embedded server."
    )
    secret_key: str = Field(
        DEVELOPMENT_SECRET,
        repr=False,
        min_length=SHORTEST_SECRET,
        description="Server secret: API keys are hashed, tokens signed and stored secrets encrypted with it.",
    )
    secret_key_fallbacks: str = Field(
        "",
        repr=False,
        description="Other server secrets that are accepted, with commas between: the next one before it is "
        "made `SECRET_KEY`, and the one before after that.",
    )
    admin_api_key: str = Field("", repr=False, description="Opens the admin routes; empty: they answer 401.")
    metrics_token: str = Field(
        "",
        repr=False,
        description="Bearer token that opens `/metrics`; empty: open to anyone who can reach it.",
    )
    metrics_queues: int = Field(
        10,
        ge=0,
        le=100,
        description="Queues that metrics name, the busiest ones; all others together are `other`.",
    )
    default_plan: Literal["free", "starter", "pro", "enterprise"] = Field(
        "enterprise", description="Plan of a new organization."
    )
    open_registration: bool | None = Field(
        None, description="Anyone may create an organization. Unset: on in development only."
    )
    open_first_key: bool | None = Field(
        None,
        description="An organization that was never used may get one key without a credential. "
        "Unset: on in development only.",
    )
    require_lease_id: bool = Field(
        default=False, description="Complete, fail and heartbeat must name the lease (422 without)."
    )
    public_url: str = Field(
        "", description="Address of the service from outside; empty: the one a request was sent to."
    )
    forwarded_allow_ips: str = Field(
        "",
        description="Proxies (addresses, networks, commas) whose `X-Forwarded-For` tells the local server "
        "the client's address; empty: none.",
    )
    stripe_secret_key: str = Field(
        "", repr=False, description="Opens the billing portal; empty: it answers 400."
    )
    stripe_webhook_secret: str = Field(
        "", repr=False, description="Checks the events of Stripe; empty: the billing webhook answers 404."
    )
    stripe_api_url: str = Field(
        "https://api.stripe.com", pattern=r"^https?://", description="Address of Stripe's API."
    )
    smtp_url: str = Field(
        "",
        repr=False,
        description="Mail server: `smtp://USER:PASSWORD@HOST:587?starttls` or `smtps://...:465`; empty: mail "
        "goes to the log in development, and e-mail sign-in answers 404 in production.",
    )
    mail_from: str = Field(
        "",
        pattern=r"^([^\r\n]*@[^\r\n]*)?$",
        description="Sender of mail, `Name <a@b.example>`; needed with `SMTP_URL`.",
    )
    max_connections: int = Field(
        4_000,
        ge=1,
        description="Open connections of HTTP of one long-lived process, and calls of gRPC at once; one more "
        "is 503 with `Retry-After`, or RESOURCE_EXHAUSTED.",
    )
    database_pool_size: int = Field(8, ge=1, le=200, description="Connections of one long-lived process.")
    prepare_threshold: int | None = Field(
        None,
        ge=0,
        description="Uses before a statement is prepared on the server, but for those that run most, which "
        "are at once; 0: none ever is. Unset: 5, and none behind a pooler, which is noticed.",
    )
    statement_timeout_ms: int = Field(
        30_000, ge=100, description="Longest run of one statement, milliseconds."
    )
    connect_timeout_seconds: int = Field(
        5,
        ge=1,
        description="Longest wait for a database connection, seconds; one second where all are in use and "
        "none comes back.",
    )
    enforce_enterprise_rate: bool = Field(
        default=False,
        description="Refuse requests above the enterprise plan's rate too; off: it is only stated.",
    )
    key_cache_seconds: float = Field(
        5.0, ge=0, description="How long a process trusts a key look-up, seconds."
    )
    max_body_bytes: int = Field(
        6_000_000,
        ge=1024,
        description="Largest request body (413) or gRPC message (RESOURCE_EXHAUSTED), bytes.",
    )
    body_timeout_seconds: float = Field(
        30.0,
        ge=0.1,
        description="Longest wait for the head of a request, and then for its body (408), seconds.",
    )
    idempotency_hours: int = Field(24, ge=1, description="How long an idempotency key is remembered, hours.")
    job_retention_days: int = Field(90, ge=1, description="How long finished jobs are kept at most, days.")
    validate_answers: bool = Field(
        default=False, description="Check every answer against its published model (tests)."
    )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read the settings; an empty variable counts as not set."""
        known = {name: environment.get(name.upper(), "") for name in cls.model_fields}
        return cls.model_validate({name: value for name, value in known.items() if value != ""})

    @field_validator("database_url", "owner_database_url")
    @classmethod
    def _database_url_is_one(cls, url: str) -> str:
        if url:
            check_database_url(url)
        return url

    @field_validator("redis_url")
    @classmethod
    def _redis_url_is_one(cls, url: str) -> str:
        if url and url != "none":
            check_redis_url(url)
        return url

    @field_validator("secret_key_fallbacks")
    @classmethod
    def _fallbacks_are_secrets(cls, text: str) -> str:
        read_fallbacks(text)
        return text

    @field_validator("smtp_url")
    @classmethod
    def _smtp_url_is_one(cls, url: str) -> str:
        if url:
            read_smtp_url(url)
        return url

    @model_validator(mode="after")
    def _mail_needs_a_sender(self) -> Self:
        if self.smtp_url and not self.mail_from:
            raise ValueError("MAIL_FROM must be the address that mail comes from, since SMTP_URL is set")
        return self

    @model_validator(mode="after")
    def _certificate_has_its_key(self) -> Self:
        if bool(self.tls_certificate_file) != bool(self.tls_key_file):
            raise ValueError("TLS_CERTIFICATE_FILE and TLS_KEY_FILE must both be set, or neither")
        if self.tls_is_on:
            check_certificate(self.tls_certificate_file, self.tls_key_file)
        return self

    @model_validator(mode="after")
    def _production_needs_a_secret(self) -> Self:
        if self.spooled_env == "production" and DEVELOPMENT_SECRET in self.secret_keys:
            raise ValueError(
                "SECRET_KEY must be set to a secret of your own in production (16 characters or more), and "
                "SECRET_KEY_FALLBACKS too"
            )
        return self

    @property
    def secret_keys(self) -> tuple[str, ...]:
        """All that are accepted, each once; the first is the one that things are made with."""
        return tuple(dict.fromkeys((self.secret_key, *read_fallbacks(self.secret_key_fallbacks))))

    @property
    def development(self) -> bool:
        return self.spooled_env == "development"

    @property
    def tls_is_on(self) -> bool:
        return bool(self.tls_certificate_file)

    @property
    def redis_is_used(self) -> bool:
        return self.redis_url not in {"", "none"}

    @property
    def mail_is_on(self) -> bool:
        """Whether mail goes anywhere: to a server, or to the log of a development machine."""
        return bool(self.smtp_url) or self.development

    @property
    def registration_is_open(self) -> bool:
        return self.development if self.open_registration is None else self.open_registration

    @property
    def first_key_is_open(self) -> bool:
        return self.development if self.open_first_key is None else self.open_first_key
