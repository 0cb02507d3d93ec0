"""A function's settings come from its secrets and its environment, and no secret is ever shown."""

import json
import logging
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from pydantic import ValidationError

from functions.health.live import endpoint
from shared.core import Core
from shared.edge import secrets
from shared.edge.opening import open_serverless_core
from shared.edge.secrets import read_settings
from shared.edge.service import Service
from shared.errors import UnavailableError
from shared.settings import Settings

DATABASE = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:spooled/database-AbCdEf"
SERVER = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:spooled/server-GhIjKl"
HIDDEN = "hidden-from-everybody"
NOT_READY = (400, "not ready to serve traffic, please wait")


class Extension(HTTPServer):
    """The Parameters and Secrets extension, which answers what a test tells it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.answers: dict[str, list[tuple[int, str]]] = {}
        self.tokens: list[str | None] = []
        self.refreshed: list[str] = []

    def holds(self, arn: str, value: Any, *before: tuple[int, str]) -> None:
        text = value if isinstance(value, str) else json.dumps(value)
        self.answers[arn] = [*before, (200, json.dumps({"ARN": arn, "SecretString": text}))]

    def environment(self, *arns: str, **variables: str) -> dict[str, str]:
        return {
            "SETTINGS_SECRETS": ",".join(arns),
            "AWS_SESSION_TOKEN": "token",
            "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT": str(self.server_port),
            "SPOOLED_ENV": "development",
            **variables,
        }


class _Answer(BaseHTTPRequestHandler):
    server: Extension

    def do_GET(self) -> None:
        asked = parse_qs(urlsplit(self.path).query)
        arn = asked["secretId"][0]
        self.server.refreshed += asked.get("refreshNow", [])
        self.server.tokens.append(self.headers["X-Aws-Parameters-Secrets-Token"])
        answers = self.server.answers[arn]
        status, body = answers.pop(0) if len(answers) > 1 else answers[0]
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """A test is quiet."""


@pytest.fixture
def extension() -> Iterator[Extension]:
    server = Extension()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_settings_are_merged_from_all_secrets(extension: Extension) -> None:
    """What each secret holds counts, whatever its JSON type, and the session token opens them."""
    extension.holds(DATABASE, {"DATABASE_URL": "postgresql://u:p@db/spooled", "STATEMENT_TIMEOUT_MS": 9000})
    extension.holds(SERVER, {"SECRET_KEY": HIDDEN, "REQUIRE_LEASE_ID": True, "ADMIN_API_KEY": None})

    settings = read_settings(extension.environment(DATABASE, SERVER))

    assert settings.database_url == "postgresql://u:p@db/spooled"
    assert (settings.statement_timeout_ms, settings.require_lease_id) == (9000, True)
    assert (settings.secret_key, settings.admin_api_key) == (HIDDEN, "")
    assert extension.tokens == ["token", "token"]


def test_the_environments_own_variables_win(extension: Extension) -> None:
    """What a function was given by itself stands over its secrets; an empty variable counts as not set."""
    extension.holds(DATABASE, {"DATABASE_URL": "postgresql://db/a", "REDIS_URL": "redis://cache"})

    own = extension.environment(DATABASE, DATABASE_URL="postgresql://db/b", REDIS_URL="")

    assert read_settings(own).database_url == "postgresql://db/b"
    assert read_settings(own).redis_url == "redis://cache"


def test_a_changed_secret_is_read_past_what_is_kept(extension: Extension) -> None:
    """The extension keeps a secret for minutes, unless it is asked to read it anew."""
    extension.holds(DATABASE, {"DATABASE_URL": "postgresql://db/a"})
    read_settings(extension.environment(DATABASE))
    asked_first = list(extension.refreshed)
    read_settings(extension.environment(DATABASE), anew=True)

    assert (asked_first, extension.refreshed) == ([], ["true"])


def test_without_secrets_nothing_is_asked(extension: Extension) -> None:
    """On a laptop there is no extension, and nobody looks for one."""
    assert read_settings(extension.environment(REDIS_URL="none")).redis_url == "none"
    assert extension.tokens == []


def test_an_extension_that_is_starting_is_asked_again(extension: Extension) -> None:
    """It may be later than the function: one refusal that says so is no failure, two are."""
    extension.holds(SERVER, {"SECRET_KEY": HIDDEN}, NOT_READY)
    assert read_settings(extension.environment(SERVER)).secret_key == HIDDEN

    extension.holds(SERVER, {"SECRET_KEY": HIDDEN}, NOT_READY, NOT_READY)
    with pytest.raises(UnavailableError):
        read_settings(extension.environment(SERVER))


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (
            400,
            json.dumps({"__type": "AccessDeniedException", "Message": HIDDEN}),
            "400 AccessDeniedException",
        ),
        (500, HIDDEN, "answers 500"),
        (200, HIDDEN, "not a JSON object"),
        (200, json.dumps({"SecretString": HIDDEN}), "not a JSON object"),
        (200, json.dumps({"SecretString": json.dumps([HIDDEN])}), "not a JSON object"),
        (200, json.dumps({"SecretBinary": HIDDEN}), "not a JSON object"),
    ],
)
def test_what_cannot_be_read_is_named_and_not_shown(
    extension: Extension, status: int, body: str, said: str
) -> None:
    """The error has the secret's name and what was wrong, and nothing of what came back."""
    extension.answers[SERVER] = [(status, body)]
    with pytest.raises(UnavailableError) as refused:
        read_settings(extension.environment(SERVER))

    cause = refused.value.__cause__
    assert SERVER in str(cause)
    assert said in str(cause)
    assert HIDDEN not in repr((cause, cause and cause.__cause__, cause and cause.__suppress_context__))
    assert SERVER not in refused.value.message


def test_no_extension_is_an_error_that_says_so(free_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody listens the caller is told to try again, soon."""
    monkeypatch.setattr(secrets, "_STARTING_SECONDS", 0)
    nowhere = {"SETTINGS_SECRETS": SERVER, "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT": str(free_port)}
    with pytest.raises(UnavailableError) as refused:
        read_settings(nowhere)

    assert "503 ConnectionRefusedError" in str(refused.value.__cause__)


async def test_a_function_without_its_secret_answers_503_and_recovers(
    extension: Extension, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The caller is told to try again, the log names the secret, and the next request finds it."""
    extension.holds(SERVER, {"SECRET_KEY": HIDDEN}, (400, json.dumps({"__type": "AccessDeniedException"})))
    for name, value in extension.environment(SERVER, REDIS_URL="none").items():
        monkeypatch.setenv(name, value)
    transport = httpx.ASGITransport(Service([endpoint], open_serverless_core), raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url="http://spooled") as client:
        with caplog.at_level(logging.DEBUG):
            refused, served = await client.get("/health/live"), await client.get("/health/live")

    assert (refused.status_code, served.status_code) == (503, 200)
    assert (refused.json()["code"], refused.headers["Retry-After"]) == ("SERVICE_UNAVAILABLE", "1")
    assert (SERVER in caplog.text, SERVER in refused.text) == (True, False)
    assert HIDDEN not in caplog.text


SECRETS = (
    "admin_api_key",
    "database_url",
    "metrics_token",
    "owner_database_url",
    "redis_url",
    "secret_key",
    "smtp_url",
    "stripe_secret_key",
    "stripe_webhook_secret",
)


def test_no_secret_is_shown(core: Core) -> None:
    """Settings that are printed, alone or in the services of a process, or found wrong, hide them."""
    values = {name: f"redis://{HIDDEN}" if name == "redis_url" else HIDDEN for name in SECRETS}
    settings = Settings.model_construct(**values)  # type: ignore[arg-type]
    with pytest.raises(ValidationError) as refused:
        Settings(secret_key=HIDDEN[:10], redis_url=HIDDEN, smtp_url=HIDDEN)

    shown = f"{settings!r} {settings} {refused.value!r} {refused.value}"
    assert HIDDEN[:10] not in shown
    assert "postgresql://" not in repr(core)


@pytest.fixture
def free_port() -> int:
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.server_close()
    return server.server_port
