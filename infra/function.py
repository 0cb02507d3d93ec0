"""One function file in the cloud: a Lambda, a role and a log group of its own, and an alarm."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

import pulumi
import pulumi_aws as aws

from infra.alarm import METRICS, Bell
from infra.config import Config
from infra.declared import Declared
from infra.logs import make_log_group
from infra.network import Private
from infra.policy import Statement, allow, deny, document, trust
from infra.secret import Secret, reading
from infra.secret_settings import SecretSettings
from infra.stack import Stack
from infra.uploads import Code

# One second less than the gateway waits: what takes longer is told apart from a gateway that failed.
_API_SECONDS = 29
_LONGEST_TICK_SECONDS = 300
_DEPLOY_SECONDS = 900
_NETWORK_INTERFACES = "arn:aws:iam::aws:policy/service-role/AWSLambdaENIManagementAccess"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What functions share."""

    stack: Stack
    code: Code
    secrets: SecretSettings
    bell: Bell
    concurrency: Mapping[str, int | None]
    private: Private | None


class Function(pulumi.ComponentResource):
    """A function that may write its log and read the secrets of what it uses, and nothing else."""

    def __init__(
        self, around: Surroundings, declared: Declared, after: Sequence[pulumi.Resource] = ()
    ) -> None:
        super().__init__("spooled:cloud:Function", declared.name)
        self.declared = declared
        self.environment = _environment(around.stack, around.secrets.of(declared))
        stack, name = around.stack, around.stack.name(declared.name)
        own = pulumi.ResourceOptions(parent=self)
        log_group = make_log_group(stack, declared.name, f"/aws/lambda/{name}", self)
        secrets = around.secrets.of(declared)
        role = aws.iam.Role(
            declared.name,
            name=name,
            description=f"Of {declared.handler}",
            assume_role_policy=trust("lambda.amazonaws.com"),
            tags=stack.tags,
            opts=own,
        )
        rights: list[pulumi.Resource] = [
            aws.iam.RolePolicy(
                declared.name,
                name="own",
                role=role.id,
                policy=document(*_rights(around, name, log_group.arn, secrets)),
                opts=own,
            )
        ]
        if around.private is not None:
            rights.append(
                aws.iam.RolePolicyAttachment(
                    declared.name, role=role.name, policy_arn=_NETWORK_INTERFACES, opts=own
                )
            )
        self.function = aws.lambda_.Function(
            declared.name,
            name=name,
            description=declared.route_key or f"functions/{declared.area}/{declared.verb}.py",
            role=role.arn,
            handler=declared.handler,
            runtime=around.code.runtime,
            architectures=[stack.config.architecture],
            s3_bucket=around.code.bucket,
            s3_key=around.code.key,
            layers=list(around.code.layers),
            memory_size=memory_mb(stack.config, declared),
            timeout=timeout_seconds(declared),
            reserved_concurrent_executions=around.concurrency[declared.name],
            environment={"variables": self.environment},
            logging_config={
                "log_format": "JSON",
                "log_group": log_group.name,
                "application_log_level": "INFO",
                "system_log_level": "WARN",
            },
            vpc_config=around.private.place(declared) if around.private else None,
            tags=stack.tags,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*rights, *after]),
        )
        around.bell.when(
            f"{declared.name}-errors",
            f"{name} ended with an error, or ran out of time or memory",
            "AWS/Lambda/Errors",
            {"FunctionName": self.function.name},
            above=1,
            parent=self,
        )
        self.register_outputs({"arn": self.function.arn})


def _rights(
    around: Surroundings,
    name: str,
    log_group_arn: pulumi.Output[str],
    secrets: Sequence[Secret],
) -> list[Statement]:
    stack = around.stack
    statements = [
        allow(
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            pulumi.Output.concat(log_group_arn, ":log-stream:*"),
        ),
        *reading(stack, secrets),
    ]
    if around.private is not None:
        # The managed policy is for Lambda itself; code that runs in the function is not to move networks.
        statements.append(
            deny(
                [
                    "ec2:AssignPrivateIpAddresses",
                    "ec2:CreateNetworkInterface",
                    "ec2:DeleteNetworkInterface",
                    "ec2:DescribeNetworkInterfaces",
                    "ec2:DescribeSubnets",
                    "ec2:UnassignPrivateIpAddresses",
                ],
                "*",
                condition={
                    "ArnEquals": {"lambda:SourceFunctionArn": stack.arn("lambda", f"function:{name}")}
                },
            )
        )
    return statements


def timeout_seconds(declared: Declared) -> int:
    """Seconds. A timer that starts every minute ends as the next begins, and has a reserve to end in."""
    if declared.kind == "tick":
        return min(declared.every_seconds + 15, _LONGEST_TICK_SECONDS)
    return _DEPLOY_SECONDS if declared.kind == "deploy" else _API_SECONDS


def memory_mb(config: Config, declared: Declared) -> int:
    return config.tick_memory_mb if declared.kind == "tick" else config.memory_mb


def _environment(stack: Stack, secrets: Sequence[Secret]) -> dict[str, pulumi.Input[str]]:
    """The settings; no secret stands here, only where secrets are read.

    A secret that changes changes a digest here, so that no environment goes on with the value of before.
    """
    return {
        **stack.config.settings,
        "SPOOLED_ENV": stack.config.environment,
        "PUBLIC_URL": stack.config.public_url,
        "PREPARE_THRESHOLD": "0" if stack.config.database else "5",
        "SETTINGS_SECRETS": pulumi.Output.all(*(secret.arn for secret in secrets)).apply(",".join),
        "SETTINGS_SECRETS_DIGEST": pulumi.Output.all(*(secret.version for secret in secrets)).apply(
            lambda versions: sha256(" ".join(versions).encode()).hexdigest()[:16]
        ),
        "POWERTOOLS_SERVICE_NAME": stack.config.prefix,
        "POWERTOOLS_METRICS_NAMESPACE": METRICS,
    }
