"""What every part of a stack knows: its names, its tags, its account and the key that encrypts it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import pulumi
import pulumi_aws as aws

from infra.config import PROJECT, Config
from infra.encryption import make_key


@dataclass(frozen=True, slots=True)
class Stack:
    """The stack that is declared. Everything in it has its name in front, and its tags."""

    config: Config
    account: pulumi.Output[str]
    region: pulumi.Output[str]
    tags: Mapping[str, str]
    key: aws.kms.Key

    @classmethod
    def of(cls, config: Config) -> Self:
        account = aws.get_caller_identity_output().account_id
        region = aws.get_region_output().region
        tags = {"Project": PROJECT, "Stack": config.stack, "ManagedBy": "pulumi"}
        return cls(config, account, region, tags, make_key(config.prefix, account, region, tags))

    def name(self, part: str) -> str:
        return f"{self.config.prefix}-{part}"

    def arn(self, service: str, resource: pulumi.Input[str]) -> pulumi.Output[str]:
        """The ARN of something of this account and region, also before it is there."""
        return pulumi.Output.concat("arn:aws:", service, ":", self.region, ":", self.account, ":", resource)
