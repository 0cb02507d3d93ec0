"""ElastiCache Serverless for Valkey, reached by TLS and from the stack's own functions alone."""

import pulumi
import pulumi_aws as aws

from infra.network import REDIS, Network
from infra.sections import Cache
from infra.stack import Stack

_VERSION = "8"


class ValkeyCache(pulumi.ComponentResource):
    """What it holds may be lost; how much it may cost has an end."""

    def __init__(self, stack: Stack, network: Network, cache: Cache) -> None:
        super().__init__("spooled:cloud:Cache", "cache")
        self.group = network.group("cache", "The cache")
        network.permit("functions-cache", network.functions, self.group, REDIS)
        self.cache = aws.elasticache.ServerlessCache(
            "cache",
            name=stack.name("cache"),
            description="Look-ups, rate limits, wake-ups and streams",
            engine="valkey",
            major_engine_version=_VERSION,
            cache_usage_limits={
                "data_storage": {"maximum": cache.max_gigabytes, "unit": "GB"},
                "ecpu_per_seconds": [{"maximum": cache.max_ecpu_per_second}],
            },
            kms_key_id=stack.key.arn,
            subnet_ids=[subnet.id for subnet in network.private_subnets],
            security_group_ids=[self.group.id],
            snapshot_retention_limit=cache.snapshot_days,
            tags=stack.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        address = self.cache.endpoints.apply(lambda endpoints: endpoints[0].address)
        self.url = pulumi.Output.concat("rediss://", address, f":{REDIS}/0")
        self.register_outputs({})
