"""The configuration of a stack, typed: every value has a unit, a range and, if it can, a default.

Names are those of `Pulumi.STACK.yaml` without `spooled:`. Secrets are set with
`pulumi config set --secret spooled:NAME`, and stand encrypted in that file.
"""

import difflib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from infra.archives import Architecture, own_architecture
from infra.errors import ConfigError
from infra.sections import Alarms, ApiLimits, Cache, Concurrency, Database, Network, Section, Streams
from shared.settings import Settings

PROJECT = "spooled"
SECRET_SETTINGS = frozenset(
    {
        "DATABASE_URL",
        "OWNER_DATABASE_URL",
        "REDIS_URL",
        "SECRET_KEY",
        "SECRET_KEY_FALLBACKS",
        "ADMIN_API_KEY",
        "METRICS_TOKEN",
        "SMTP_URL",
        "MAIL_FROM",
        "STRIPE_SECRET_KEY",
        "STRIPE_WEBHOOK_SECRET",
    }
)
LISTENER_SETTINGS = frozenset(
    {
        "HOST",
        "PORT",
        "GRPC_PORT",
        "TLS_CERTIFICATE_FILE",
        "TLS_KEY_FILE",
        "DRAIN_SECONDS",
        "SPOOLED_DATA_DIR",
    }
)
"""Of a process that listens: a function does not, and TLS ends before the streams."""
_OWN_SETTINGS = frozenset({"SPOOLED_ENV", "PUBLIC_URL", "PREPARE_THRESHOLD"})
_LOG_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731)


def _is_password(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if not (len(text) >= 20 and text.isascii() and text.replace("-", "").replace("_", "").isalnum()):  # noqa: PLR2004
        raise ValueError("must be 20 or more of A-Z a-z 0-9 - _, such as `openssl rand -hex 32` gives")
    return value


def _are_passwords(value: SecretStr) -> SecretStr:
    for one in value.get_secret_value().split(","):
        _is_password(SecretStr(one))
    return value


def _is_kept_for(days: int) -> int:
    if days not in _LOG_DAYS:
        raise ValueError(f"must be one of {', '.join(map(str, _LOG_DAYS))}")
    return days


def _of_this_machine(value: Any) -> Any:
    return own_architecture() if value == "machine" else value


Password = Annotated[SecretStr, AfterValidator(_is_password)]


class Config(Section):
    """All of a stack. With `database` it brings servers of its own; with `databaseUrl` it is given them."""

    stack: str = Field(pattern=r"^[a-z][a-z0-9-]{0,15}$", description="Part of every name in the cloud.")
    environment: Literal["development", "production"] = Field(
        "production", description="SPOOLED_ENV of the functions."
    )
    architecture: Annotated[Architecture, BeforeValidator(_of_this_machine)] = Field(
        "arm64", description="Of functions and streams; `machine`: that of the machine which deploys."
    )
    memory_mb: int = Field(
        512, ge=128, le=10_240, description="Of each function of the API; its share of a CPU grows with it."
    )
    tick_memory_mb: int = Field(
        256, ge=128, le=10_240, description="Of each timer, which is at work all the time and mostly waits."
    )
    log_days: Annotated[int, AfterValidator(_is_kept_for)] = Field(
        30, description="How long logs are kept, days."
    )
    public_url: str = Field(
        "",
        pattern=r"^(https?://[^/]+)?$",
        description="Address of the API from outside; empty: the gateway's.",
    )
    settings: Mapping[str, str] = Field(
        default_factory=dict, description="Other settings of the service, by variable; no secrets."
    )
    secrets_extension_layer: str = Field(
        "",
        pattern=r"^(arn:aws:lambda:[a-z0-9-]+:\d{12}:layer:AWS-Parameters-and-Secrets-Lambda-Extension(-Arm64)?:\d+)?$",
        description="AWS's layer that reads secrets, of this region and architecture; empty: the emulator's.",
    )
    archives: str = Field("dist", description="Folder of `make package`, from the root of the repository.")
    api: ApiLimits = ApiLimits()
    concurrency: Concurrency = Concurrency()
    alarms: Alarms = Alarms()
    network: Network | None = None
    database: Database | None = None
    cache: Cache | None = None
    streams: Streams | None = None

    secret_key: Password | None = None
    secret_key_fallbacks: Annotated[SecretStr, AfterValidator(_are_passwords)] | None = Field(
        None, description="Others that are accepted while secretKey is replaced, with commas between them."
    )
    admin_api_key: Password | None = None
    metrics_token: Password | None = None
    database_password: Password | None = Field(None, description="Of the functions' login.")
    database_owner_password: Password | None = Field(None, description="Of the tables' owner.")
    database_url: SecretStr | None = Field(None, description="Of a server that is there already.")
    redis_url: SecretStr | None = Field(None, description="As databaseUrl; none: the service runs without.")
    smtp_url: SecretStr | None = None
    mail_from: str = ""
    stripe_secret_key: SecretStr | None = None
    stripe_webhook_secret: SecretStr | None = None

    @property
    def prefix(self) -> str:
        return f"{PROJECT}-{self.stack}"

    @classmethod
    def read(cls, stack: str, values: Mapping[str, str]) -> Self:
        """From the values of a stack, as the engine gives them; raises ConfigError with all that is wrong."""
        try:
            return cls.model_validate(
                {"stack": stack} | {key: _plain(key, text) for key, text in values.items()}
            )
        except ValidationError as error:
            raise ConfigError(f"stack {stack}:\n" + "\n".join(map(_line, error.errors()))) from None

    @field_validator("settings")
    @classmethod
    def _settings_are_known(cls, settings: Mapping[str, str]) -> Mapping[str, str]:
        known = {name.upper() for name in Settings.model_fields} - SECRET_SETTINGS - _OWN_SETTINGS
        for name in settings:
            if name in SECRET_SETTINGS | _OWN_SETTINGS:
                raise ValueError(f"{name} has a place of its own in the configuration")
            if name in LISTENER_SETTINGS:
                raise ValueError(f"{name} is of a process that listens, and no function does")
            if name not in known:
                raise ValueError(f"{name} is no setting{_did_you_mean(name, known)}")
        Settings.model_validate(
            {name.lower(): value for name, value in settings.items()} | {"spooled_env": "development"}
        )
        return settings

    @model_validator(mode="after")
    def _servers_are_given_or_made(self) -> Self:
        if (self.database is None) == (self.database_url is None):
            raise ValueError("one of database (the stack makes it) and databaseUrl (it is there) must be set")
        if self.cache is not None and self.redis_url is not None:
            raise ValueError("one of cache (the stack makes it) and redisUrl (it is there) may be set")
        if self.network is None and (self.database or self.cache or self.streams):
            raise ValueError(
                "database, cache and streams lie in a network: set network, such as network.zones"
            )
        if self.database and not (self.database_password and self.database_owner_password):
            raise ValueError("database needs the secrets databasePassword and databaseOwnerPassword")
        return self

    @model_validator(mode="after")
    def _production_has_its_secrets(self) -> Self:
        if self.environment == "production" and not (self.secret_key and self.metrics_token):
            raise ValueError("production needs the secrets secretKey and metricsToken")
        if self.smtp_url and not self.mail_from:
            raise ValueError("mailFrom must be set, since smtpUrl is")
        arm = "-Arm64:" in self.secrets_extension_layer
        if self.secrets_extension_layer and arm != (self.architecture == "arm64"):
            raise ValueError(f"secretsExtensionLayer is not for {self.architecture}")
        return self


_STRUCTURED = frozenset(
    {"settings", "api", "concurrency", "alarms", "network", "database", "cache", "streams"}
)


def _plain(key: str, text: str) -> Any:
    if key not in _STRUCTURED:
        return text
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def _line(error: Mapping[str, Any]) -> str:
    place = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        *above, name = error["loc"]
        return f"  spooled:{place}: there is no such value{_did_you_mean(str(name), _names(above))}"
    message = str(error["msg"]).removeprefix("Value error, ")
    return f"  spooled:{place}: {message}" if place else f"  {message}"


def _names(above: list[Any]) -> set[str]:
    model: type[Section] = Config if not above else _SECTIONS.get(str(above[0]), Config)
    return {field.alias or name for name, field in model.model_fields.items()}


_SECTIONS: dict[str, type[Section]] = {
    "api": ApiLimits,
    "concurrency": Concurrency,
    "alarms": Alarms,
    "network": Network,
    "database": Database,
    "cache": Cache,
    "streams": Streams,
}


def _did_you_mean(name: str, known: set[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]}?" if close else ""
