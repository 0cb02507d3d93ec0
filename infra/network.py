"""The private network: functions, database and cache reach each other on their ports, and nothing else.

Three kinds of subnet in each zone. `public` holds the load balancer and the way out. `private` has no way
out: the database, the cache and nearly all functions are there. `outbound` is for what must call the
internet: the functions that declare it, and the streams.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi
import pulumi_aws as aws

from infra.declared import Declared
from infra.stack import Stack

HTTPS = 443
POSTGRES = 5432
REDIS = 6379
_SUBNET_BITS = 20
_FIRST_OF_KIND = {"public": 0, "private": 4, "outbound": 8}
_ANYWHERE = "0.0.0.0/0"


@dataclass(frozen=True, slots=True)
class Private:
    """Where functions are put: with a way out, or without one."""

    private_subnets: Sequence[pulumi.Output[str]]
    outbound_subnets: Sequence[pulumi.Output[str]]
    functions_group: pulumi.Output[str]
    outbound_group: pulumi.Output[str]

    def place(self, declared: Declared) -> aws.lambda_.FunctionVpcConfigArgs:
        calls_out = "internet" in declared.uses
        return aws.lambda_.FunctionVpcConfigArgs(
            subnet_ids=list(self.outbound_subnets if calls_out else self.private_subnets),
            security_group_ids=[self.functions_group, *([self.outbound_group] if calls_out else [])],
        )


class Network(pulumi.ComponentResource):
    """The network of a stack that brings servers of its own."""

    def __init__(self, stack: Stack, *, cidr: str, zones: int, nat_per_zone: bool) -> None:
        super().__init__("spooled:cloud:Network", "network")
        self._stack = stack
        self._own = pulumi.ResourceOptions(parent=self)
        self._blocks = list(IPv4Network(cidr).subnets(new_prefix=_SUBNET_BITS))
        self._zones = aws.get_availability_zones_output(state="available").names
        self.vpc = aws.ec2.Vpc(
            "network",
            cidr_block=cidr,
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags=self._named("network"),
            opts=self._own,
        )
        # What is put into no group of its own reaches nothing.
        aws.ec2.DefaultSecurityGroup(
            "nothing", vpc_id=self.vpc.id, tags=self._named("nothing"), opts=self._own
        )
        gateway = aws.ec2.InternetGateway(
            "network", vpc_id=self.vpc.id, tags=self._named("network"), opts=self._own
        )
        self.public = self._subnets("public", zones)
        self.private_subnets = self._subnets("private", zones)
        self.outbound = self._subnets("outbound", zones)
        self._route("public", self.public, gateway_id=gateway.id)
        self._route("private", self.private_subnets)
        ways_out = [self._way_out(zone, gateway) for zone in range(zones if nat_per_zone else 1)]
        for zone, subnet in enumerate(self.outbound):
            way_out = ways_out[zone % len(ways_out)]
            self._route(f"outbound-{zone}", [subnet], nat_gateway_id=way_out.id)
        self.functions = self.group("functions", "Every function")
        self.outbound_group = self.group("outbound", "What calls the internet: webhook targets, mail, Stripe")
        self._let_out(self.outbound_group)
        self.secrets_group = self._reach_secrets()
        self.private = Private(
            [subnet.id for subnet in self.private_subnets],
            [subnet.id for subnet in self.outbound],
            self.functions.id,
            self.outbound_group.id,
        )
        self.register_outputs({})

    def group(self, name: str, description: str) -> aws.ec2.SecurityGroup:
        """A security group that nothing may reach and that reaches nothing, until `permit` says so."""
        return aws.ec2.SecurityGroup(
            name,
            name=self._stack.name(name),
            description=description,
            vpc_id=self.vpc.id,
            tags=self._named(name),
            opts=self._own,
        )

    def permit(
        self, name: str, source: aws.ec2.SecurityGroup, target: aws.ec2.SecurityGroup, port: int
    ) -> None:
        """One group may open connections to another, on one port."""
        aws.vpc.SecurityGroupEgressRule(
            name,
            security_group_id=source.id,
            referenced_security_group_id=target.id,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            description=name,
            tags=self._stack.tags,
            opts=self._own,
        )
        aws.vpc.SecurityGroupIngressRule(
            name,
            security_group_id=target.id,
            referenced_security_group_id=source.id,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            description=name,
            tags=self._stack.tags,
            opts=self._own,
        )

    def open_to_all(self, name: str, group: aws.ec2.SecurityGroup, port: int) -> None:
        """Anyone may open connections to a group, on one port."""
        aws.vpc.SecurityGroupIngressRule(
            name,
            security_group_id=group.id,
            cidr_ipv4=_ANYWHERE,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            description="From everywhere",
            tags=self._stack.tags,
            opts=self._own,
        )

    def _let_out(self, group: aws.ec2.SecurityGroup) -> None:
        """On any port: whoever sets a webhook chooses it. The code refuses private addresses."""
        aws.vpc.SecurityGroupEgressRule(
            "outbound",
            security_group_id=group.id,
            cidr_ipv4=_ANYWHERE,
            ip_protocol="tcp",
            from_port=1,
            to_port=65_535,
            description="Webhook targets, mail and Stripe",
            tags=self._stack.tags,
            opts=self._own,
        )

    def _reach_secrets(self) -> aws.ec2.SecurityGroup:
        """Secrets Manager from inside, for functions that have no way out."""
        group = self.group("secrets", "Secrets Manager, from inside")
        self.permit("functions-secrets", self.functions, group, HTTPS)
        aws.ec2.VpcEndpoint(
            "secrets",
            vpc_id=self.vpc.id,
            vpc_endpoint_type="Interface",
            service_name=pulumi.Output.concat("com.amazonaws.", self._stack.region, ".secretsmanager"),
            subnet_ids=[subnet.id for subnet in self.private_subnets],
            security_group_ids=[group.id],
            private_dns_enabled=True,
            tags=self._named("secrets"),
            opts=self._own,
        )
        return group

    def _subnets(self, kind: str, zones: int) -> list[aws.ec2.Subnet]:
        return [
            aws.ec2.Subnet(
                f"{kind}-{zone}",
                vpc_id=self.vpc.id,
                cidr_block=str(self._blocks[_FIRST_OF_KIND[kind] + zone]),
                availability_zone=self._zones[zone],
                map_public_ip_on_launch=False,
                tags=self._named(f"{kind}-{zone}"),
                opts=self._own,
            )
            for zone in range(zones)
        ]

    def _route(
        self,
        name: str,
        subnets: Sequence[aws.ec2.Subnet],
        *,
        gateway_id: pulumi.Output[str] | None = None,
        nat_gateway_id: pulumi.Output[str] | None = None,
    ) -> None:
        table = aws.ec2.RouteTable(name, vpc_id=self.vpc.id, tags=self._named(name), opts=self._own)
        if gateway_id is not None or nat_gateway_id is not None:
            aws.ec2.Route(
                name,
                route_table_id=table.id,
                destination_cidr_block=_ANYWHERE,
                gateway_id=gateway_id,
                nat_gateway_id=nat_gateway_id,
                opts=self._own,
            )
        for number, subnet in enumerate(subnets):
            aws.ec2.RouteTableAssociation(
                f"{name}-{number}", route_table_id=table.id, subnet_id=subnet.id, opts=self._own
            )

    def _way_out(self, zone: int, gateway: aws.ec2.InternetGateway) -> aws.ec2.NatGateway:
        name = f"outbound-{zone}"
        address = aws.ec2.Eip(name, domain="vpc", tags=self._named(name), opts=self._own)
        return aws.ec2.NatGateway(
            name,
            subnet_id=self.public[zone].id,
            allocation_id=address.id,
            tags=self._named(name),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[gateway]),
        )

    def _named(self, name: str) -> dict[str, str]:
        return {**self._stack.tags, "Name": self._stack.name(name)}


def make_network(stack: Stack) -> Network | None:
    network = stack.config.network
    if network is None:
        return None
    return Network(stack, cidr=network.cidr, zones=network.zones, nat_per_zone=network.nat_per_zone)
