"""The configuration of a stack: defaults, and refusals that say what to change."""

import json
from pathlib import Path

import pytest
import yaml

from infra.concurrency import reserve
from infra.config import Config
from infra.declared import read_functions
from infra.errors import ConfigError
from tests.support.program import LOCAL, PASSWORD, PROD

INFRA = Path(__file__).parents[2] / "infra"


def test_defaults_stand_for_all_that_has_one() -> None:
    """A stack with its own servers needs its secrets and nothing else."""
    config = Config.read("prod", PROD)

    assert config.prefix == "spooled-prod"
    assert config.architecture == "arm64"
    assert config.log_days == 30
    assert config.database is not None
    assert config.database.backup_days == 14
    assert config.database.deletion_protection


def test_values_come_as_text_and_sections_as_json() -> None:
    """As the engine gives them: `true`, `512`, and an object for what was set with --path."""
    config = Config.read("dev", LOCAL | {"memoryMb": "1024", "api": '{"burst": 7}', "logDays": "7"})

    assert (config.memory_mb, config.api.burst, config.log_days) == (1024, 7, 7)


@pytest.mark.parametrize("value", ["not json", "[1]", "3"])
def test_a_section_that_is_no_object_is_refused(value: str) -> None:
    """The line names the section."""
    with pytest.raises(ConfigError, match=r"spooled:api: "):
        Config.read("dev", LOCAL | {"api": value})


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"memorMb": "1"}, "spooled:memorMb: there is no such value; did you mean memoryMb?"),
        ({"api": '{"brust": 1}'}, "spooled:api.brust: there is no such value; did you mean burst?"),
        ({"memoryMb": "64"}, "spooled:memoryMb: Input should be greater than or equal to 128"),
        ({"logDays": "31"}, "spooled:logDays: must be one of 1, 3, 5"),
        ({"publicUrl": "api.example"}, "spooled:publicUrl: String should match"),
        ({"publicUrl": "https://api.example/"}, "spooled:publicUrl: String should match"),
        ({"secretKey": "short"}, "spooled:secretKey: must be 20 or more of A-Z a-z 0-9 - _"),
        ({"secretKeyFallbacks": f"{'a' * 32},short"}, "spooled:secretKeyFallbacks: must be 20 or more"),
        ({"secretKey": "with spaces and umlauts ä"}, "spooled:secretKey: must be 20 or more"),
        ({"settings": '{"DEFAULT_PLN": "free"}'}, "DEFAULT_PLN is no setting; did you mean DEFAULT_PLAN?"),
        ({"settings": '{"SECRET_KEY": "x"}'}, "SECRET_KEY has a place of its own"),
        ({"settings": '{"GRPC_PORT": "50052"}'}, "GRPC_PORT is of a process that listens"),
        ({"settings": '{"DEFAULT_PLAN": "gold"}'}, "spooled:settings.default_plan: Input should be 'free'"),
        ({"database": "{}"}, "one of database (the stack makes it) and databaseUrl"),
        ({"cache": "{}", "network": "{}"}, "one of cache (the stack makes it) and redisUrl"),
        ({"smtpUrl": "smtp://mail.example"}, "mailFrom must be set, since smtpUrl is"),
        ({"environment": "production"}, "production needs the secrets secretKey and metricsToken"),
        (
            {"secretsExtensionLayer": PROD["secretsExtensionLayer"], "architecture": "x86_64"},
            "secretsExtensionLayer is not for x86_64",
        ),
        ({"alarms": '{"email": "nobody"}'}, "spooled:alarms.email: String should match"),
        ({"concurrency": '{"account": 10}'}, "spooled:concurrency.account: Input should be greater"),
    ],
)
def test_a_wrong_value_is_refused_by_name(values: dict[str, str], says: str) -> None:
    """The line names the value, says what it may be and, for a slip of the pen, what was meant."""
    with pytest.raises(ConfigError) as refused:
        Config.read("dev", LOCAL | values)

    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"network": None}, "database, cache and streams lie in a network"),
        ({"databaseOwnerPassword": None}, "database needs the secrets databasePassword and"),
        ({"database": '{"minCapacity": 8, "maxCapacity": 4}'}, "spooled:database: minCapacity is above"),
        ({"database": '{"backupDays": 3}'}, "spooled:database.backupDays: Input should be greater"),
        ({"network": '{"zones": 1}'}, "spooled:network.zones: Input should be greater"),
        (
            {"database": None},
            "one of database (the stack makes it) and databaseUrl (it is there) must be set",
        ),
    ],
)
def test_servers_are_whole(change: dict[str, str | None], says: str) -> None:
    """A stack that brings its own servers has all that they need."""
    values = {key: value for key, value in (PROD | change).items() if value is not None}

    with pytest.raises(ConfigError) as refused:
        Config.read("prod", values)

    assert says in str(refused.value)


@pytest.mark.parametrize("stack", ["Prod", "a_b", "a-name-that-is-too-long", ""])
def test_a_stack_has_a_name_that_names_can_begin_with(stack: str) -> None:
    """Names of functions and roles end at 64 characters."""
    with pytest.raises(ConfigError, match="spooled:stack: "):
        Config.read(stack, LOCAL)


@pytest.mark.parametrize(
    ("stack", "added"),
    [("local", {"databaseUrl", "redisUrl"}), ("prod", {name for name in PROD if PROD[name] == PASSWORD})],
)
def test_the_stacks_of_the_repository_lack_their_secrets_and_nothing_else(
    stack: str, added: set[str]
) -> None:
    """With what only the deployer knows, both files are whole, and small enough for database and account."""
    file = yaml.safe_load((INFRA / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))
    values = {
        name.removeprefix("spooled:"): value if isinstance(value, str) else json.dumps(value)
        for name, value in file["config"].items()
        if name.startswith("spooled:")
    }

    config = Config.read(stack, values | {name: (LOCAL | PROD)[name] for name in added})

    assert reserve(config, read_functions())
    region = file["config"]["aws:region"]
    assert config.secrets_extension_layer == "" or f":{region}:" in config.secrets_extension_layer


def test_no_secret_is_told_by_an_error_or_a_log() -> None:
    """Neither the configuration printed nor a refusal shows what is secret."""
    shown = repr(Config.read("prod", PROD))
    with pytest.raises(ConfigError) as refused:
        Config.read("prod", PROD | {"secretKey": "secret!", "databasePassword": "hush hush"})

    assert PASSWORD not in shown
    assert "secret!" not in str(refused.value)
    assert "hush" not in str(refused.value)
