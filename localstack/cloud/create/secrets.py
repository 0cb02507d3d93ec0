"""Secrets, and the keys that encrypt them."""

from localstack.cloud.create.inputs import Create, Inputs, Made
from localstack.cloud.endpoint import Endpoint


def _secret(cloud: Endpoint, inputs: Inputs) -> Made:
    name = inputs.name()
    inputs.pass_over("recoveryWindowInDays", "forceOverwriteReplicaSecret")
    arn = cloud.client("secretsmanager").create_secret(
        Name=name, Tags=inputs.tags(), **inputs.carry("description", "kmsKeyId")
    )["ARN"]
    return Made(arn, {"arn": arn, "name": name})


def _version(cloud: Endpoint, inputs: Inputs) -> Made:
    secret = inputs.take("secretId")
    version = cloud.client("secretsmanager").put_secret_value(
        SecretId=secret, SecretString=inputs.take("secretString")
    )
    return Made(
        f"{secret}|{version['VersionId']}", {"arn": version["ARN"], "versionId": version["VersionId"]}
    )


def _policy(cloud: Endpoint, inputs: Inputs) -> Made:
    secret = inputs.take("secretArn")
    cloud.client("secretsmanager").put_resource_policy(
        SecretId=secret, ResourcePolicy=inputs.take("policy"), **inputs.carry("blockPublicPolicy")
    )
    return Made(secret, {})


def _key(cloud: Endpoint, inputs: Inputs) -> Made:
    client = cloud.client("kms")
    inputs.pass_over("deletionWindowInDays")
    rotates = inputs.take("enableKeyRotation", default=False)
    policy = inputs.take("policy")
    key = client.create_key(
        Tags=inputs.tags("TagKey", "TagValue"),
        **({} if policy is None else {"Policy": policy}),
        **inputs.carry("description", "multiRegion"),
    )["KeyMetadata"]
    if rotates:
        client.enable_key_rotation(KeyId=key["KeyId"])
    return Made(key["KeyId"], {"arn": key["Arn"], "keyId": key["KeyId"]})


def _alias(cloud: Endpoint, inputs: Inputs) -> Made:
    name = inputs.name()
    cloud.client("kms").create_alias(AliasName=name, TargetKeyId=inputs.take("targetKeyId"))
    return Made(name, {"name": name, "arn": cloud.arn("kms", name)})


CREATE: dict[str, Create] = {
    "aws:kms/alias:Alias": _alias,
    "aws:kms/key:Key": _key,
    "aws:secretsmanager/secret:Secret": _secret,
    "aws:secretsmanager/secretPolicy:SecretPolicy": _policy,
    "aws:secretsmanager/secretVersion:SecretVersion": _version,
}
