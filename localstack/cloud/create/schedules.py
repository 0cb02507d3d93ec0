"""The timers of EventBridge Scheduler."""

from localstack.cloud.create.inputs import Create, Inputs, Made
from localstack.cloud.endpoint import Endpoint


def _schedule(cloud: Endpoint, inputs: Inputs) -> Made:
    name, group = inputs.name(), inputs.take("groupName", "default")
    arn = cloud.client("scheduler").create_schedule(
        Name=name,
        GroupName=group,
        **inputs.carry(
            "description",
            "flexibleTimeWindow",
            "kmsKeyArn",
            "scheduleExpression",
            "scheduleExpressionTimezone",
            "state",
            "target",
        ),
    )["ScheduleArn"]
    return Made(f"{group}/{name}", {"arn": arn, "name": name})


def _group(cloud: Endpoint, inputs: Inputs) -> Made:
    name = inputs.name()
    arn = cloud.client("scheduler").create_schedule_group(Name=name, Tags=inputs.tags())["ScheduleGroupArn"]
    return Made(name, {"arn": arn, "name": name})


CREATE: dict[str, Create] = {
    "aws:scheduler/schedule:Schedule": _schedule,
    "aws:scheduler/scheduleGroup:ScheduleGroup": _group,
}
