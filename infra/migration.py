"""The migration step: the new schema is there before any function has the new code."""

import pulumi
import pulumi_aws as aws

from infra.function import Function
from infra.stack import Stack
from infra.uploads import Code


def migrated(stack: Stack, code: Code, step: Function) -> pulumi.Resource:
    """The call of a step, once for each code; it fails the deployment, and then nothing else has changed."""
    return aws.lambda_.Invocation(
        step.declared.name,
        function_name=step.function.name,
        input="{}",
        triggers={"code": code.sha256, "stack": stack.config.stack},
        opts=pulumi.ResourceOptions(parent=step),
    )
