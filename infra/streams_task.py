"""The task of the streams: one container, what it is given, and the rights to start it."""

import pulumi
import pulumi_aws as aws

from infra import sections
from infra.logs import make_log_group
from infra.policy import allow, document, trust
from infra.secret import reading
from infra.secret_settings import SecretSettings
from infra.stack import Stack

HTTP_PORT = 8080
GRPC_PORT = 50_051
CONTAINER = "streams"
_STOP_MARGIN_SECONDS = 10
"""Of a task that has drained: requests that are being answered, and the end of the process."""
_PULL = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly"
_ARCHITECTURES = {"arm64": "ARM64", "x86_64": "X86_64"}


def make_task(
    stack: Stack, streams: sections.Streams, secrets: SecretSettings, parent: pulumi.Resource
) -> aws.ecs.TaskDefinition:
    own = pulumi.ResourceOptions(parent=parent)
    log_group = make_log_group(stack, "streams", f"/aws/ecs/{stack.name('streams')}", parent)
    starts = _role(stack, "streams-start", "Starts the streams: secrets, image and log", own)
    aws.iam.RolePolicy(
        "streams-start",
        name="own",
        role=starts.id,
        policy=document(
            allow(
                ["logs:CreateLogStream", "logs:PutLogEvents"],
                pulumi.Output.concat(log_group.arn, ":log-stream:*"),
            ),
            *reading(stack, [secrets.database, secrets.server]),
        ),
        opts=own,
    )
    if ".dkr.ecr." in streams.image:
        aws.iam.RolePolicyAttachment("streams-start", role=starts.name, policy_arn=_PULL, opts=own)
    return aws.ecs.TaskDefinition(
        "streams",
        family=stack.name("streams"),
        network_mode="awsvpc",
        requires_compatibilities=["FARGATE"],
        cpu=str(streams.cpu),
        memory=str(streams.memory_mb),
        runtime_platform={
            "cpu_architecture": _ARCHITECTURES[stack.config.architecture],
            "operating_system_family": "LINUX",
        },
        execution_role_arn=starts.arn,
        task_role_arn=_role(stack, "streams", "Of the streams, which call no service of AWS", own).arn,
        container_definitions=pulumi.Output.json_dumps([_container(stack, streams, secrets, log_group)]),
        tags=stack.tags,
        opts=own,
    )


def _container(
    stack: Stack, streams: sections.Streams, secrets: SecretSettings, log_group: aws.cloudwatch.LogGroup
) -> dict[str, object]:
    environment = _environment(stack, streams)
    return {
        "name": CONTAINER,
        "image": streams.image,
        "essential": True,
        "readonlyRootFilesystem": True,
        "linuxParameters": {"capabilities": {"drop": ["ALL"]}},
        "stopTimeout": streams.drain_seconds + _STOP_MARGIN_SECONDS,
        "portMappings": [{"containerPort": port} for port in (HTTP_PORT, GRPC_PORT)],
        "environment": [{"name": name, "value": value} for name, value in environment.items()],
        "secrets": [
            {"name": name, "valueFrom": pulumi.Output.concat(secret.arn, ":", name, "::")}
            for secret, names in (
                (secrets.database, ("DATABASE_URL", "REDIS_URL")),
                (secrets.server, _of_the_server(stack)),
            )
            for name in names
        ],
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": log_group.name,
                "awslogs-region": stack.region,
                "awslogs-stream-prefix": "streams",
            },
        },
    }


def _of_the_server(stack: Stack) -> tuple[str, ...]:
    """What a task reads of that secret; it does not start when it asks for what is not there."""
    fallbacks = ("SECRET_KEY_FALLBACKS",) if stack.config.secret_key_fallbacks else ()
    return ("SECRET_KEY", *fallbacks, "METRICS_TOKEN")


def _environment(stack: Stack, streams: sections.Streams) -> dict[str, str]:
    """No certificate: TLS ends at the balancer, which alone reaches the task."""
    config = stack.config
    assert config.network is not None
    return {
        **config.settings,
        "SPOOLED_ENV": config.environment,
        "HOST": "0.0.0.0",  # noqa: S104 - of its container
        "PORT": str(HTTP_PORT),
        "GRPC_PORT": str(GRPC_PORT),
        "DRAIN_SECONDS": str(streams.drain_seconds),
        "FORWARDED_ALLOW_IPS": config.network.cidr,
        "DATABASE_POOL_SIZE": str(streams.connections),
        "PREPARE_THRESHOLD": "0" if config.database else "5",
    }


def _role(stack: Stack, name: str, description: str, own: pulumi.ResourceOptions) -> aws.iam.Role:
    return aws.iam.Role(
        name,
        name=stack.name(name),
        description=description,
        assume_role_policy=trust(
            "ecs-tasks.amazonaws.com", {"StringEquals": {"aws:SourceAccount": stack.account}}
        ),
        tags=stack.tags,
        opts=own,
    )
