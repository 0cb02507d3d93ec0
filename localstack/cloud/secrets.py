"""Secrets Manager with the rights of a function's role, as both stand in the emulated cloud."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError
from moto.iam.access_control import IAMPolicy, PermissionResult

from localstack.cloud.deployed import DeployedFunction
from localstack.cloud.endpoint import Endpoint
from localstack.lambdas.secrets_extension import AccessDeniedError, SecretNotFoundError


class CloudSecrets:
    """Reads a secret if the role's policies let it; the emulated cloud itself lets everybody."""

    def __init__(self, cloud: Endpoint) -> None:
        self._context = {"kms:ViaService": f"secretsmanager.{cloud.region}.amazonaws.com"}
        self._iam = cloud.client("iam")
        self._secrets = cloud.client("secretsmanager")
        self._keys = cloud.client("kms")

    async def __call__(self, function: DeployedFunction, arn: str) -> Mapping[str, Any]:
        """GetSecretValue's answer; every right is looked up anew."""
        return await asyncio.to_thread(self._read, function, arn)

    def _read(self, function: DeployedFunction, secret_id: str) -> Mapping[str, Any]:
        try:
            secret = self._secrets.describe_secret(SecretId=secret_id)
        except ClientError:
            raise SecretNotFoundError("Secrets Manager can't find the specified secret.") from None
        role = function.role_arn.rsplit("/", 1)[-1]
        policies = [IAMPolicy(json.dumps(document)) for document in self._policies(role)]
        self._require(policies, "secretsmanager:GetSecretValue", secret["ARN"], role)
        if key := secret.get("KmsKeyId"):
            self._require(policies, "kms:Decrypt", self._key_arn(key), role)
        value: dict[str, Any] = self._secrets.get_secret_value(SecretId=secret_id)
        del value["ResponseMetadata"]
        return value

    def _policies(self, role: str) -> Iterator[Any]:
        for name in self._iam.list_role_policies(RoleName=role)["PolicyNames"]:
            yield self._iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        for attached in self._iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
            arn = attached["PolicyArn"]
            version = self._iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
            yield self._iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]

    def _key_arn(self, key: str) -> str:
        arn: str = self._keys.describe_key(KeyId=key)["KeyMetadata"]["Arn"]
        return arn

    def _require(self, policies: list[IAMPolicy], action: str, resource: str, role: str) -> None:
        results = {
            policy.is_action_permitted(action, resource, incoming_condition_values=self._context)
            for policy in policies
        }
        if PermissionResult.DENIED in results or PermissionResult.PERMITTED not in results:
            raise AccessDeniedError(
                f"The role {role} is not authorized to perform: {action} on resource: {resource} "
                "because none of its policies allows it, or one denies it"
            )
