"""What a program may ask the provider before it declares anything."""

from collections.abc import Callable, Mapping
from typing import Any

from localstack.cloud.endpoint import Endpoint


def _identity(cloud: Endpoint, _: Mapping[str, Any]) -> dict[str, Any]:
    identity = cloud.client("sts").get_caller_identity()
    account = identity["Account"]
    return {"accountId": account, "arn": identity["Arn"], "userId": identity["UserId"], "id": account}


def _region(cloud: Endpoint, _: Mapping[str, Any]) -> dict[str, Any]:
    return {"region": cloud.region, "name": cloud.region, "id": cloud.region}


def _partition(cloud: Endpoint, _: Mapping[str, Any]) -> dict[str, Any]:
    partition = cloud.client("sts").get_caller_identity()["Arn"].split(":")[1]
    return {"partition": partition, "dnsSuffix": "amazonaws.com", "id": partition}


def _zones(cloud: Endpoint, _: Mapping[str, Any]) -> dict[str, Any]:
    zones = cloud.client("ec2").describe_availability_zones()["AvailabilityZones"]
    return {
        "names": [zone["ZoneName"] for zone in zones],
        "zoneIds": [zone["ZoneId"] for zone in zones],
        "id": cloud.region,
    }


ANSWERS: Mapping[str, Callable[[Endpoint, Mapping[str, Any]], dict[str, Any]]] = {
    "aws:index/getAvailabilityZones:getAvailabilityZones": _zones,
    "aws:index/getCallerIdentity:getCallerIdentity": _identity,
    "aws:index/getPartition:getPartition": _partition,
    "aws:index/getRegion:getRegion": _region,
}
