"""Log groups: encrypted, and kept for as long as the stack says."""

import pulumi
import pulumi_aws as aws

from infra.stack import Stack


def make_log_group(
    stack: Stack, resource: str, name: str, parent: pulumi.Resource | None = None
) -> aws.cloudwatch.LogGroup:
    return aws.cloudwatch.LogGroup(
        resource,
        name=name,
        retention_in_days=stack.config.log_days,
        kms_key_id=stack.key.arn,
        tags=stack.tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )
