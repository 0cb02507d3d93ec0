"""What the emulated cloud has no place for: declared, given outputs that fit, and created nowhere."""

from collections.abc import Mapping
from typing import NamedTuple

from localstack.cloud.create.inputs import Create, Inputs, Made
from localstack.cloud.endpoint import Endpoint


class NotEmulated(NamedTuple):
    """Why a type is not created, and what stands in for its outputs."""

    reason: str
    make: Create


def _serverless_cache(cloud: Endpoint, inputs: Inputs) -> Made:
    name = inputs.name()
    inputs.take_all()
    host = f"{name}.serverless.{cloud.region}.cache.amazonaws.com"
    endpoint = [{"address": host, "port": 6379}]
    arn = cloud.arn("elasticache", f"serverlesscache:{name}")
    return Made(name, {"arn": arn, "name": name, "endpoints": endpoint, "readerEndpoints": endpoint})


def _bucket_policy(_: Endpoint, inputs: Inputs) -> Made:
    inputs.pass_over("policy")
    return Made(inputs.take("bucket"), {})


NOT_EMULATED: Mapping[str, NotEmulated] = {
    "aws:elasticache/serverlessCache:ServerlessCache": NotEmulated(
        "moto knows ElastiCache clusters and replication groups, not serverless caches", _serverless_cache
    ),
    "aws:s3/bucketPolicy:BucketPolicy": NotEmulated(
        "the emulated cloud is reached without TLS, which is what the policy of the bucket refuses",
        _bucket_policy,
    ),
}
