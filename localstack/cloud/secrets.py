"""Secrets Manager with the rights of a function's role, as both stand in the emulated cloud."""

import asyncio
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from localstack.cloud.deployed import DeployedFunction
from localstack.cloud.endpoint import Endpoint
from localstack.cloud.rights import Rights, role_name
from localstack.lambdas.secrets_extension import AccessDeniedError, SecretNotFoundError


class CloudSecrets:
    """Reads a secret if the role's policies let it; the emulated cloud itself lets everybody."""

    def __init__(self, cloud: Endpoint) -> None:
        self._cloud = cloud
        self._context = {"kms:ViaService": f"secretsmanager.{cloud.region}.amazonaws.com"}

    async def __call__(self, function: DeployedFunction, arn: str) -> Mapping[str, Any]:
        """GetSecretValue's answer; every right is looked up anew."""
        return await asyncio.to_thread(self._read, function, arn)

    def _read(self, function: DeployedFunction, secret_id: str) -> Mapping[str, Any]:
        client = self._cloud.client("secretsmanager")
        try:
            secret = client.describe_secret(SecretId=secret_id)
        except ClientError:
            raise SecretNotFoundError("Secrets Manager can't find the specified secret.") from None
        needed = {"secretsmanager:GetSecretValue": secret["ARN"]}
        if key := secret.get("KmsKeyId"):
            needed["kms:Decrypt"] = self._cloud.client("kms").describe_key(KeyId=key)["KeyMetadata"]["Arn"]
        rights = Rights(self._cloud)
        for action, resource in needed.items():
            if not rights.role_allows(function.role_arn, action, resource, self._context):
                raise AccessDeniedError(
                    f"The role {role_name(function.role_arn)} is not authorized to perform: {action} on "
                    f"resource: {resource} because none of its policies allows it, or one denies it"
                )
        value: dict[str, Any] = client.get_secret_value(SecretId=secret_id)
        del value["ResponseMetadata"]
        return value
