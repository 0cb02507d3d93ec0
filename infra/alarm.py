"""The topic of all alarms, and one way to make an alarm."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Self

import pulumi
import pulumi_aws as aws

from infra.stack import Stack

METRICS = "Spooled"
"""The namespace of the service's own metrics; their dimension `service` is the name of the stack."""


@dataclass(frozen=True, slots=True)
class Bell:
    """Who is told. An alarm rings when it begins and when it is over."""

    stack: Stack
    topic: pulumi.Output[str]

    @classmethod
    def of(cls, stack: Stack) -> Self:
        topic = aws.sns.Topic(
            "alarms", name=stack.name("alarms"), kms_master_key_id=stack.key.id, tags=stack.tags
        )
        if stack.config.alarms.email:
            aws.sns.TopicSubscription(
                "alarms", topic=topic.arn, protocol="email", endpoint=stack.config.alarms.email
            )
        return cls(stack, topic.arn)

    def when(
        self,
        name: str,
        says: str,
        metric: str,
        dimensions: Mapping[str, pulumi.Input[str]],
        *,
        statistic: Literal["Sum", "Maximum", "Average"] = "Sum",
        above: float | None = None,
        below: float | None = None,
        period: int = 300,
        periods: int = 1,
        missing: Literal["notBreaching", "breaching"] = "notBreaching",
        parent: pulumi.Resource | None = None,
    ) -> aws.cloudwatch.MetricAlarm:
        """Ring when a metric, `Namespace/Name`, is at or above a figure, or below one."""
        assert (above is None) != (below is None)
        namespace, _, metric_name = metric.rpartition("/")
        return aws.cloudwatch.MetricAlarm(
            name,
            name=self.stack.name(name),
            alarm_description=says,
            namespace=namespace,
            metric_name=metric_name,
            dimensions=dimensions,
            statistic=statistic,
            comparison_operator="LessThanThreshold" if above is None else "GreaterThanOrEqualToThreshold",
            threshold=below if above is None else above,
            period=period,
            evaluation_periods=periods,
            treat_missing_data=missing,
            alarm_actions=[self.topic],
            ok_actions=[self.topic],
            tags=self.stack.tags,
            opts=pulumi.ResourceOptions(parent=parent),
        )
