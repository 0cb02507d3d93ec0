"""The AWS Parameters and Secrets Lambda Extension of one environment: secrets over local HTTP.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/retrieving-secrets_lambda.html
Unlike the real one it keeps nothing: a right that is taken away is missing at once.
"""

import json
import secrets
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

from localstack.cloud.deployed import DeployedFunction
from localstack.lambdas.http import Reply, Request

PATH = "/secretsmanager/get"
TOKEN_HEADER = "x-aws-parameters-secrets-token"  # noqa: S105  a name

ReadSecret = Callable[[DeployedFunction, str], Awaitable[Mapping[str, Any]]]
"""GetSecretValue with the rights of the function's role, or a SecretRefusedError."""


class SecretRefusedError(Exception):
    """Secrets Manager refuses; `code` is AWS's name of the error."""

    code = "InvalidRequestException"


class AccessDeniedError(SecretRefusedError):
    """The role of the function has no right to do this."""

    code = "AccessDeniedException"


class SecretNotFoundError(SecretRefusedError):
    """There is no such secret."""

    code = "ResourceNotFoundException"


class SecretsExtension:
    """It knows its environment by the session token, as the real one does."""

    def __init__(self, function: DeployedFunction, read: ReadSecret) -> None:
        self._function = function
        self._read = read
        self.token = secrets.token_urlsafe(32)
        self.ready = False
        """The real one serves nobody before the first invocation, so nor does this one."""

    async def answer(self, request: Request) -> Reply:
        token = request.headers.get(TOKEN_HEADER)
        if token is None:
            return _refusal(HTTPStatus.UNAUTHORIZED, f"The header {TOKEN_HEADER} is missing")
        if not secrets.compare_digest(token.encode(), self.token.encode()):
            return _refusal(HTTPStatus.FORBIDDEN, f"The header {TOKEN_HEADER} is not $AWS_SESSION_TOKEN")
        if not self.ready:
            return _refusal(HTTPStatus.BAD_REQUEST, "not ready to serve traffic, please wait")
        secret_id = parse_qs(urlsplit(request.target).query).get("secretId")
        if not secret_id:
            return _refusal(HTTPStatus.BAD_REQUEST, "The parameter secretId is missing")
        try:
            value = await self._read(self._function, secret_id[0])
        except SecretRefusedError as error:
            return _refusal(HTTPStatus.BAD_REQUEST, str(error), error.code)
        return Reply(HTTPStatus.OK, json.dumps(value, default=str).encode())


def _refusal(status: HTTPStatus, message: str, kind: str = "InvalidRequestException") -> Reply:
    return Reply(status, json.dumps({"__type": kind, "Message": message}).encode())
