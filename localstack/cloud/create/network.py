"""The network: subnets, routes out, and who may open a connection to whom."""

from collections.abc import Callable
from typing import Any

from localstack.cloud.create.inputs import Create, Inputs, Made
from localstack.cloud.endpoint import Endpoint


def _tagged(kind: str, inputs: Inputs) -> dict[str, Any]:
    tags = inputs.tags()
    return {"TagSpecifications": [{"ResourceType": kind, "Tags": tags}]} if tags else {}


def _vpc(cloud: Endpoint, inputs: Inputs) -> Made:
    client = cloud.client("ec2")
    names, support = inputs.take("enableDnsHostnames"), inputs.take("enableDnsSupport")
    vpc = client.create_vpc(**_tagged("vpc", inputs), **inputs.carry("cidrBlock"))["Vpc"]["VpcId"]
    if names is not None:
        client.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": names})
    if support is not None:
        client.modify_vpc_attribute(VpcId=vpc, EnableDnsSupport={"Value": support})
    return Made(vpc, {"arn": cloud.arn("ec2", f"vpc/{vpc}")})


def _subnet(cloud: Endpoint, inputs: Inputs) -> Made:
    client = cloud.client("ec2")
    public = inputs.take("mapPublicIpOnLaunch")
    subnet = client.create_subnet(
        **_tagged("subnet", inputs), **inputs.carry("vpcId", "cidrBlock", "availabilityZone")
    )["Subnet"]
    if public is not None:
        client.modify_subnet_attribute(SubnetId=subnet["SubnetId"], MapPublicIpOnLaunch={"Value": public})
    return Made(subnet["SubnetId"], {"arn": subnet["SubnetArn"]})


def _internet_gateway(cloud: Endpoint, inputs: Inputs) -> Made:
    client = cloud.client("ec2")
    vpc = inputs.take("vpcId")
    gateway = client.create_internet_gateway(**_tagged("internet-gateway", inputs))["InternetGateway"]
    client.attach_internet_gateway(InternetGatewayId=gateway["InternetGatewayId"], VpcId=vpc)
    return Made(gateway["InternetGatewayId"], {})


def _address(cloud: Endpoint, inputs: Inputs) -> Made:
    address = cloud.client("ec2").allocate_address(**_tagged("elastic-ip", inputs), **inputs.carry("domain"))
    return Made(
        address["AllocationId"], {"allocationId": address["AllocationId"], "publicIp": address["PublicIp"]}
    )


def _nat_gateway(cloud: Endpoint, inputs: Inputs) -> Made:
    gateway = cloud.client("ec2").create_nat_gateway(
        **_tagged("natgateway", inputs), **inputs.carry("allocationId", "connectivityType", "subnetId")
    )["NatGateway"]
    return Made(gateway["NatGatewayId"], {})


def _route_table(cloud: Endpoint, inputs: Inputs) -> Made:
    table = cloud.client("ec2").create_route_table(**_tagged("route-table", inputs), **inputs.carry("vpcId"))[
        "RouteTable"
    ]
    return Made(table["RouteTableId"], {})


def _route(cloud: Endpoint, inputs: Inputs) -> Made:
    table = inputs.take("routeTableId")
    request = inputs.carry("destinationCidrBlock", "gatewayId", "natGatewayId")
    cloud.client("ec2").create_route(RouteTableId=table, **request)
    return Made(f"{table}-{request['DestinationCidrBlock']}", {})


def _association(cloud: Endpoint, inputs: Inputs) -> Made:
    association = cloud.client("ec2").associate_route_table(**inputs.carry("routeTableId", "subnetId"))
    return Made(association["AssociationId"], {})


def _security_group(cloud: Endpoint, inputs: Inputs) -> Made:
    client, name = cloud.client("ec2"), inputs.name()
    group = client.create_security_group(
        GroupName=name, **_tagged("security-group", inputs), **inputs.carry("description", "vpcId")
    )["GroupId"]
    # The provider removes the rule that AWS adds by itself: only what is declared may leave.
    everywhere = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    client.revoke_security_group_egress(GroupId=group, IpPermissions=[everywhere])
    return Made(group, {"name": name, "arn": cloud.arn("ec2", f"security-group/{group}")})


def _default_group(cloud: Endpoint, inputs: Inputs) -> Made:
    client = cloud.client("ec2")
    tags = inputs.tags()
    group = client.describe_security_groups(
        Filters=[
            {"Name": "vpc-id", "Values": [inputs.take("vpcId")]},
            {"Name": "group-name", "Values": ["default"]},
        ]
    )["SecurityGroups"][0]
    # As the provider takes it over: empty, but for the rules that are declared, and none are.
    if group["IpPermissions"]:
        client.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=group["IpPermissions"])
    if group["IpPermissionsEgress"]:
        client.revoke_security_group_egress(
            GroupId=group["GroupId"], IpPermissions=group["IpPermissionsEgress"]
        )
    client.create_tags(Resources=[group["GroupId"]], Tags=tags)
    return Made(group["GroupId"], {})


def _ingress_rule(cloud: Endpoint, inputs: Inputs) -> Made:
    return _rule(cloud.client("ec2").authorize_security_group_ingress, inputs)


def _egress_rule(cloud: Endpoint, inputs: Inputs) -> Made:
    return _rule(cloud.client("ec2").authorize_security_group_egress, inputs)


def _rule(authorize: Callable[..., dict[str, Any]], inputs: Inputs) -> Made:
    inputs.pass_over("description")  # moto takes it for ranges, and not for groups
    cidr, group = inputs.take("cidrIpv4"), inputs.take("referencedSecurityGroupId")
    permission = {
        **inputs.carry("fromPort", "ipProtocol", "toPort"),
        **({"IpRanges": [{"CidrIp": cidr}]} if cidr else {}),
        **({"UserIdGroupPairs": [{"GroupId": group}]} if group else {}),
    }
    answer = authorize(
        GroupId=inputs.take("securityGroupId"),
        IpPermissions=[permission],
        **_tagged("security-group-rule", inputs),
    )
    return Made(answer["SecurityGroupRules"][0]["SecurityGroupRuleId"], {})


def _vpc_endpoint(cloud: Endpoint, inputs: Inputs) -> Made:
    endpoint = cloud.client("ec2").create_vpc_endpoint(
        **_tagged("vpc-endpoint", inputs),
        **inputs.carry(
            "privateDnsEnabled",
            "routeTableIds",
            "securityGroupIds",
            "serviceName",
            "subnetIds",
            "vpcEndpointType",
            "vpcId",
            policy="PolicyDocument",
        ),
    )["VpcEndpoint"]["VpcEndpointId"]
    return Made(endpoint, {})


CREATE: dict[str, Create] = {
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": _default_group,
    "aws:ec2/eip:Eip": _address,
    "aws:ec2/internetGateway:InternetGateway": _internet_gateway,
    "aws:ec2/natGateway:NatGateway": _nat_gateway,
    "aws:ec2/route:Route": _route,
    "aws:ec2/routeTable:RouteTable": _route_table,
    "aws:ec2/routeTableAssociation:RouteTableAssociation": _association,
    "aws:ec2/securityGroup:SecurityGroup": _security_group,
    "aws:ec2/subnet:Subnet": _subnet,
    "aws:ec2/vpc:Vpc": _vpc,
    "aws:ec2/vpcEndpoint:VpcEndpoint": _vpc_endpoint,
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _egress_rule,
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _ingress_rule,
}
