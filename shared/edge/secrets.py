"""Settings of a function: its environment's variables, over those in the secrets that it may read.

A secret is a JSON object of settings by variable name. The Parameters and Secrets extension reads it, with
the rights of the function's role, and keeps it for a while (SECRETS_MANAGER_TTL, 300 s unless set). Asked
with `refreshNow=true` it reads it anew; a version that does not know the word answers with what it keeps.
"""

import json
import os
from collections.abc import Mapping
from http import HTTPStatus
from time import sleep
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

from shared.errors import UnavailableError
from shared.settings import Settings

if TYPE_CHECKING:
    from http.client import HTTPResponse

_TIMEOUT_SECONDS = 5.0
_STARTING_SECONDS = 0.2
_NOT_READY = b"not ready to serve traffic"
_USUAL_PORT = "2773"


class SecretUnreadableError(RuntimeError):
    """A secret cannot be read, or is no JSON object of settings; names it, and never what it holds."""


def read_settings(environment: Mapping[str, str] = os.environ, *, anew: bool = False) -> Settings:
    """The settings of this environment. Raises UnavailableError for a secret that cannot be read.

    anew: past what the extension keeps, for a secret that was changed.
    """
    secret: dict[str, str] = {}
    try:
        for arn in filter(None, environment.get("SETTINGS_SECRETS", "").split(",")):
            secret |= _read(arn.strip(), environment, anew=anew)
    except SecretUnreadableError as error:
        raise UnavailableError from error
    return Settings.from_environment(secret | {name: value for name, value in environment.items() if value})


def _read(arn: str, environment: Mapping[str, str], *, anew: bool) -> dict[str, str]:
    """Asks once more when the extension is still starting: it may be later than the function."""
    target = f"/secretsmanager/get?secretId={quote(arn, safe='')}{'&refreshNow=true' if anew else ''}"
    status, body = _ask(target, environment)
    if status == HTTPStatus.SERVICE_UNAVAILABLE or _NOT_READY in body:
        sleep(_STARTING_SECONDS)
        status, body = _ask(target, environment)
    if status != HTTPStatus.OK:
        raise SecretUnreadableError(f"secret {arn}: the extension answers {status} {_reason(body)}".rstrip())
    try:
        values = json.loads(json.loads(body)["SecretString"])
        return {name: _text(value) for name, value in values.items() if value is not None}
    except (ValueError, KeyError, TypeError, AttributeError):
        # Without the cause: it quotes what it could not read.
        raise SecretUnreadableError(f"secret {arn}: is not a JSON object of settings") from None


def _ask(target: str, environment: Mapping[str, str]) -> tuple[int, bytes]:
    from http.client import HTTPConnection, HTTPException  # noqa: PLC0415 - not where no secret is read

    port = int(environment.get("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT") or _USUAL_PORT)
    connection = HTTPConnection("localhost", port, timeout=_TIMEOUT_SECONDS)
    token = {"X-Aws-Parameters-Secrets-Token": environment.get("AWS_SESSION_TOKEN", "")}
    try:
        connection.request("GET", target, headers=token)
        response: HTTPResponse = connection.getresponse()
        return response.status, response.read()
    except (OSError, HTTPException) as error:
        return HTTPStatus.SERVICE_UNAVAILABLE, json.dumps({"__type": type(error).__name__}).encode()
    finally:
        connection.close()


def _reason(body: bytes) -> str:
    """AWS's name for what was wrong, where there is one."""
    try:
        return str(cast("dict[str, Any]", json.loads(body)).get("__type", ""))
    except (ValueError, AttributeError):
        return ""


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
