"""The timers: EventBridge Scheduler starts each function, through a role that may start only that one."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from infra.alarm import Bell
from infra.function import Function
from infra.policy import allow, document, trust
from infra.stack import Stack

_SECONDS_PER_MINUTE = 60


class Ticks(pulumi.ComponentResource):
    """A schedule for each timer, and an alarm for a timer that stands still."""

    def __init__(self, stack: Stack, bell: Bell, functions: Sequence[Function]) -> None:
        super().__init__("spooled:cloud:Ticks", "ticks")
        self._stack = stack
        self._bell = bell
        self._own = pulumi.ResourceOptions(parent=self)
        self._group = aws.scheduler.ScheduleGroup(
            "ticks", name=stack.name("ticks"), tags=stack.tags, opts=self._own
        )
        for function in functions:
            self._schedule(function)
        self.register_outputs({})

    def _schedule(self, function: Function) -> None:
        stack, declared = self._stack, function.declared
        target = function.function
        role = aws.iam.Role(
            f"{declared.name}-schedule",
            name=stack.name(f"{declared.name}-schedule"),
            description=f"Starts {declared.handler}",
            assume_role_policy=trust(
                "scheduler.amazonaws.com",
                {
                    "StringEquals": {
                        "aws:SourceAccount": stack.account,
                        "aws:SourceArn": self._group.arn,
                    }
                },
            ),
            tags=stack.tags,
            opts=self._own,
        )
        right = aws.iam.RolePolicy(
            f"{declared.name}-schedule",
            name="start",
            role=role.id,
            policy=document(allow(["lambda:InvokeFunction"], target.arn)),
            opts=self._own,
        )
        # A start that failed is not made up for: the next is due in a moment and finds what is left.
        aws.lambda_.FunctionEventInvokeConfig(
            declared.name,
            function_name=target.name,
            maximum_retry_attempts=0,
            maximum_event_age_in_seconds=60,
            opts=self._own,
        )
        minutes = declared.every_seconds // _SECONDS_PER_MINUTE
        aws.scheduler.Schedule(
            declared.name,
            name=stack.name(declared.name),
            group_name=self._group.name,
            description=f"functions/{declared.area}/{declared.verb}.py",
            schedule_expression=f"rate({minutes} minutes)",
            flexible_time_window={"mode": "OFF"},
            target={
                "arn": target.arn,
                "role_arn": role.arn,
                "input": "{}",
                "retry_policy": {"maximum_retry_attempts": 0, "maximum_event_age_in_seconds": 60},
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[right]),
        )
        self._bell.when(
            f"{declared.name}-silence",
            f"{stack.name(declared.name)} has not run",
            "AWS/Lambda/Invocations",
            {"FunctionName": target.name},
            below=1,
            period=max(300, 2 * declared.every_seconds),
            missing="breaching",
            parent=self,
        )
