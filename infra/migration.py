"""The migration step: the new schema is there before any function has the new code."""

import pulumi
import pulumi_aws as aws

from infra.function import Function
from infra.uploads import Code


def migrated(code: Code, step: Function) -> pulumi.Resource:
    """The call of a step, for each new code or password; when it fails, nothing else has changed."""
    return aws.lambda_.Invocation(
        step.declared.name,
        function_name=step.function.name,
        input="{}",
        triggers={"code": code.sha256, "secrets": step.environment["SETTINGS_SECRETS_DIGEST"]},
        opts=pulumi.ResourceOptions(parent=step),
    )
