"""The long-lived service, when there is an image of it: gRPC, SSE and WebSocket behind a load balancer."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from infra import sections
from infra.network import HTTPS, POSTGRES, REDIS, Network
from infra.secret_settings import SecretSettings
from infra.servers import Servers
from infra.stack import Stack
from infra.streams_task import CONTAINER, GRPC_PORT, HTTP_PORT, make_task

_TLS = "ELBSecurityPolicy-TLS13-1-2-2021-06"
# The longest there is. A gRPC stream on an idle queue carries nothing for as long, and the balancer answers
# pings itself.
_IDLE_SECONDS = 4_000
_STARTING_SECONDS = 60


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
        self._streams = streams
        self._own = pulumi.ResourceOptions(parent=self)
        group = network.group("streams", "The streams")
        front = network.group("balancer", "The balancer of the streams")
        network.open_to_all("balancer", front, HTTPS)
        for name, target, port in self._reached(servers, network):
            network.permit(f"streams-{name}", group, target, port)
        network.permit("balancer-streams", front, group, HTTP_PORT)
        network.permit("balancer-streams-grpc", front, group, GRPC_PORT)
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
        http = self._target_group(network, "streams", HTTP_PORT, "HTTP1", "/health/live", "200")
        health = "/grpc.health.v1.Health/Check"
        grpc = self._target_group(network, "streams-grpc", GRPC_PORT, "GRPC", health, "0")
        listener = self._listen(http, grpc)
        cluster = aws.ecs.Cluster("streams", name=stack.name("streams"), tags=stack.tags, opts=self._own)
        aws.ecs.Service(
            "streams",
            name=stack.name("streams"),
            cluster=cluster.arn,
            task_definition=make_task(stack, streams, secrets, self).arn,
            desired_count=streams.count,
            launch_type="FARGATE",
            deployment_circuit_breaker={"enable": True, "rollback": True},
            network_configuration={
                "subnets": [subnet.id for subnet in network.outbound],
                "security_groups": [group.id, network.outbound_group.id],
                "assign_public_ip": False,
            },
            load_balancers=[
                {"target_group_arn": http.arn, "container_name": CONTAINER, "container_port": HTTP_PORT},
                {"target_group_arn": grpc.arn, "container_name": CONTAINER, "container_port": GRPC_PORT},
            ],
            health_check_grace_period_seconds=_STARTING_SECONDS,
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
            # New calls go to other tasks, and open streams may end; only then is the task told to end.
            deregistration_delay=self._streams.drain_seconds,
            health_check={"path": path, "matcher": matcher, "interval": 15},
            tags=self._stack.tags,
            opts=self._own,
        )

    def _listen(self, http: aws.lb.TargetGroup, grpc: aws.lb.TargetGroup) -> pulumi.Resource:
        listener = aws.lb.Listener(
            "streams",
            load_balancer_arn=self.balancer.arn,
            port=HTTPS,
            protocol="HTTPS",
            ssl_policy=_TLS,
            certificate_arn=self._streams.certificate_arn,
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
