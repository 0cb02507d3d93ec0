"""The long-lived service, when there is an image of it: gRPC, SSE and WebSocket behind a load balancer."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from infra import sections
from infra.logs import make_log_group
from infra.network import HTTPS, POSTGRES, REDIS, Network
from infra.policy import allow, document, trust
from infra.secret import Secret, reading
from infra.secret_settings import SecretSettings
from infra.servers import Servers
from infra.stack import Stack

_HTTP_PORT = 8080
_GRPC_PORT = 50_051
_IDLE_SECONDS = 300
_PULL = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly"
_TLS = "ELBSecurityPolicy-TLS13-1-2-2021-06"
_ARCHITECTURES = {"arm64": "ARM64", "x86_64": "X86_64"}


class Streams(pulumi.ComponentResource):
    """A small Fargate service, in the subnets with a way out, since that is how its image comes in."""

    def __init__(
        self,
        stack: Stack,
        network: Network,
        servers: Servers,
        secrets: SecretSettings,
        streams: sections.Streams,
        after: Sequence[pulumi.Resource],
    ) -> None:
        super().__init__("spooled:cloud:Streams", "streams")
        self._stack = stack
        self._own = pulumi.ResourceOptions(parent=self)
        group = network.group("streams", "The streams")
        front = network.group("balancer", "The balancer of the streams")
        network.open_to_all("balancer", front, HTTPS)
        for name, target, port in self._reached(servers, network):
            network.permit(f"streams-{name}", group, target, port)
        network.permit("balancer-streams", front, group, _HTTP_PORT)
        network.permit("balancer-streams-grpc", front, group, _GRPC_PORT)
        self.balancer = aws.lb.LoadBalancer(
            "streams",
            name=stack.name("streams"),
            load_balancer_type="application",
            security_groups=[front.id],
            subnets=[subnet.id for subnet in network.public],
            idle_timeout=_IDLE_SECONDS,
            drop_invalid_header_fields=True,
            enable_deletion_protection=stack.config.environment == "production",
            tags=stack.tags,
            opts=self._own,
        )
        http = self._target_group(network, "streams", _HTTP_PORT, "HTTP1", "/health/live", "200")
        grpc = self._target_group(network, "streams-grpc", _GRPC_PORT, "GRPC", "/", "0-99")
        listener = self._listen(streams, http, grpc)
        cluster = aws.ecs.Cluster("streams", name=stack.name("streams"), tags=stack.tags, opts=self._own)
        aws.ecs.Service(
            "streams",
            name=stack.name("streams"),
            cluster=cluster.arn,
            task_definition=self._task(streams, [secrets.database, secrets.server]).arn,
            desired_count=streams.count,
            launch_type="FARGATE",
            deployment_circuit_breaker={"enable": True, "rollback": True},
            network_configuration={
                "subnets": [subnet.id for subnet in network.outbound],
                "security_groups": [group.id, network.outbound_group.id],
                "assign_public_ip": False,
            },
            load_balancers=[
                {"target_group_arn": http.arn, "container_name": "streams", "container_port": _HTTP_PORT},
                {"target_group_arn": grpc.arn, "container_name": "streams", "container_port": _GRPC_PORT},
            ],
            propagate_tags="SERVICE",
            tags=stack.tags,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[listener, *after]),
        )
        self.register_outputs({})

    @staticmethod
    def _reached(servers: Servers, network: Network) -> list[tuple[str, aws.ec2.SecurityGroup, int]]:
        reached = [("secrets", network.secrets_group, HTTPS)]
        if servers.database is not None:
            reached.append(("proxy", servers.database.group, POSTGRES))
        if servers.cache is not None:
            reached.append(("cache", servers.cache.group, REDIS))
        return reached

    def _target_group(
        self, network: Network, name: str, port: int, version: str, path: str, matcher: str
    ) -> aws.lb.TargetGroup:
        return aws.lb.TargetGroup(
            name,
            name=self._stack.name(name),
            vpc_id=network.vpc.id,
            target_type="ip",
            port=port,
            protocol="HTTP",
            protocol_version=version,
            deregistration_delay=30,
            health_check={"path": path, "matcher": matcher, "interval": 15},
            tags=self._stack.tags,
            opts=self._own,
        )

    def _listen(
        self, streams: sections.Streams, http: aws.lb.TargetGroup, grpc: aws.lb.TargetGroup
    ) -> pulumi.Resource:
        listener = aws.lb.Listener(
            "streams",
            load_balancer_arn=self.balancer.arn,
            port=HTTPS,
            protocol="HTTPS",
            ssl_policy=_TLS,
            certificate_arn=streams.certificate_arn,
            default_actions=[{"type": "forward", "target_group_arn": http.arn}],
            tags=self._stack.tags,
            opts=self._own,
        )
        return aws.lb.ListenerRule(
            "streams-grpc",
            listener_arn=listener.arn,
            priority=1,
            conditions=[
                {"http_header": {"http_header_name": "content-type", "values": ["application/grpc*"]}}
            ],
            actions=[{"type": "forward", "target_group_arn": grpc.arn}],
            tags=self._stack.tags,
            opts=self._own,
        )

    def _task(self, streams: sections.Streams, secrets: Sequence[Secret]) -> aws.ecs.TaskDefinition:
        stack, config = self._stack, self._stack.config
        log_group = make_log_group(stack, "streams", f"/aws/ecs/{stack.name('streams')}", self)
        starts = self._role("streams-start", "Starts the streams: secrets, image and log")
        aws.iam.RolePolicy(
            "streams-start",
            name="own",
            role=starts.id,
            policy=document(
                allow(
                    ["logs:CreateLogStream", "logs:PutLogEvents"],
                    pulumi.Output.concat(log_group.arn, ":log-stream:*"),
                ),
                *reading(stack, secrets),
            ),
            opts=self._own,
        )
        if ".dkr.ecr." in streams.image:
            aws.iam.RolePolicyAttachment("streams-start", role=starts.name, policy_arn=_PULL, opts=self._own)
        names = {
            0: ("DATABASE_URL", "REDIS_URL"),
            1: ("SECRET_KEY", "METRICS_TOKEN"),
        }
        container = {
            "name": "streams",
            "image": streams.image,
            "essential": True,
            "readonlyRootFilesystem": True,
            "portMappings": [{"containerPort": port} for port in (_HTTP_PORT, _GRPC_PORT)],
            "environment": [
                {"name": name, "value": value}
                for name, value in {
                    **config.settings,
                    "SPOOLED_ENV": config.environment,
                    "HOST": "0.0.0.0",  # noqa: S104 - of its container, which the balancer alone reaches
                    "PORT": str(_HTTP_PORT),
                    "GRPC_PORT": str(_GRPC_PORT),
                    "DATABASE_POOL_SIZE": str(streams.connections),
                    "PREPARE_THRESHOLD": "0" if config.database else "5",
                }.items()
            ],
            "secrets": [
                {"name": name, "valueFrom": pulumi.Output.concat(secrets[group].arn, ":", name, "::")}
                for group, group_names in names.items()
                for name in group_names
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
        return aws.ecs.TaskDefinition(
            "streams",
            family=stack.name("streams"),
            network_mode="awsvpc",
            requires_compatibilities=["FARGATE"],
            cpu=str(streams.cpu),
            memory=str(streams.memory_mb),
            runtime_platform={
                "cpu_architecture": _ARCHITECTURES[config.architecture],
                "operating_system_family": "LINUX",
            },
            execution_role_arn=starts.arn,
            task_role_arn=self._role("streams", "Of the streams, which call no service of AWS").arn,
            container_definitions=pulumi.Output.json_dumps([container]),
            tags=stack.tags,
            opts=self._own,
        )

    def _role(self, name: str, description: str) -> aws.iam.Role:
        return aws.iam.Role(
            name,
            name=self._stack.name(name),
            description=description,
            assume_role_policy=trust(
                "ecs-tasks.amazonaws.com", {"StringEquals": {"aws:SourceAccount": self._stack.account}}
            ),
            tags=self._stack.tags,
            opts=self._own,
        )
