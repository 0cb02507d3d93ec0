"""One key for secrets, logs, code, database, cache and topic; it turns every year."""

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from infra.policy import allow, document

# All that people and services of this account may be given by their own policies. `kms:*` would be shorter,
# and nobody could tell whether it is meant.
_OF_THE_ACCOUNT = (
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:DeleteAlias",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:DisableKeyRotation",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "kms:RetireGrant",
    "kms:RevokeGrant",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
)
_OF_LOGS = (
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)
_THIS_KEY = "*"  # in the policy of a key this means the key


def make_key(
    prefix: str, account: pulumi.Output[str], region: pulumi.Output[str], tags: Mapping[str, str]
) -> aws.kms.Key:
    owner = {"AWS": pulumi.Output.concat("arn:aws:iam::", account, ":root")}
    logs = {"Service": pulumi.Output.concat("logs.", region, ".amazonaws.com")}
    groups = pulumi.Output.concat("arn:aws:logs:", region, ":", account, ":log-group:*")
    key = aws.kms.Key(
        "key",
        description=f"Everything that {prefix} keeps",
        enable_key_rotation=True,
        deletion_window_in_days=30,
        policy=document(
            allow(_OF_THE_ACCOUNT, _THIS_KEY, principal=owner),
            allow(
                _OF_LOGS,
                _THIS_KEY,
                principal=logs,
                condition={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
            ),
            allow(
                ["kms:Decrypt", "kms:GenerateDataKey"],
                _THIS_KEY,
                principal={"Service": "cloudwatch.amazonaws.com"},
                condition={"StringEquals": {"aws:SourceAccount": account}},
            ),
        ),
        tags=tags,
    )
    aws.kms.Alias("key", name=f"alias/{prefix}", target_key_id=key.key_id)
    return key
