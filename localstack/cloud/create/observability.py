"""Log groups, alarms, and whom they tell."""

from localstack.cloud.create.inputs import Create, Inputs, Made, capitalised
from localstack.cloud.endpoint import Endpoint


def _log_group(cloud: Endpoint, inputs: Inputs) -> Made:
    name = inputs.name()
    inputs.pass_over("skipDestroy")
    client = cloud.client("logs")
    retention = inputs.take("retentionInDays")
    client.create_log_group(
        logGroupName=name,
        tags=inputs.tag_map(),
        **inputs.carry(kmsKeyId="kmsKeyId", logGroupClass="logGroupClass"),
    )
    if retention:
        client.put_retention_policy(logGroupName=name, retentionInDays=retention)
    return Made(name, {"name": name, "arn": cloud.arn("logs", f"log-group:{name}")})


def _metric_filter(cloud: Endpoint, inputs: Inputs) -> Made:
    name = inputs.name()
    transformation = inputs.take("metricTransformation")
    cloud.client("logs").put_metric_filter(
        filterName=name,
        metricTransformations=[
            {
                "metricName": transformation["name"],
                "metricNamespace": transformation["namespace"],
                "metricValue": str(transformation["value"]),
            }
        ],
        **inputs.carry(logGroupName="logGroupName", pattern="filterPattern"),
    )
    return Made(name, {"name": name})


def _alarm(cloud: Endpoint, inputs: Inputs) -> Made:
    name = inputs.name()
    cloud.client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        Tags=inputs.tags(),
        Dimensions=[{"Name": key, "Value": value} for key, value in inputs.take("dimensions", {}).items()],
        **_metrics(inputs),
        **inputs.carry(
            "actionsEnabled",
            "alarmActions",
            "alarmDescription",
            "comparisonOperator",
            "datapointsToAlarm",
            "evaluationPeriods",
            "extendedStatistic",
            "insufficientDataActions",
            "metricName",
            "namespace",
            "period",
            "statistic",
            "threshold",
            "treatMissingData",
            "unit",
            okActions="OKActions",
        ),
    )
    return Made(name, {"name": name, "arn": cloud.arn("cloudwatch", f"alarm:{name}")})


def _metrics(inputs: Inputs) -> dict[str, object]:
    queries = inputs.take("metricQueries")
    return {} if queries is None else {"Metrics": capitalised(queries)}


def _topic(cloud: Endpoint, inputs: Inputs) -> Made:
    name = inputs.name()
    arn = cloud.client("sns").create_topic(
        Name=name,
        Tags=inputs.tags(),
        Attributes=inputs.carry("displayName", "kmsMasterKeyId", "policy"),
    )["TopicArn"]
    return Made(arn, {"arn": arn, "name": name})


def _subscription(cloud: Endpoint, inputs: Inputs) -> Made:
    arn = cloud.client("sns").subscribe(
        TopicArn=inputs.take("topic"), ReturnSubscriptionArn=True, **inputs.carry("endpoint", "protocol")
    )["SubscriptionArn"]
    return Made(arn, {"arn": arn})


CREATE: dict[str, Create] = {
    "aws:cloudwatch/logGroup:LogGroup": _log_group,
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": _metric_filter,
    "aws:cloudwatch/metricAlarm:MetricAlarm": _alarm,
    "aws:sns/topic:Topic": _topic,
    "aws:sns/topicSubscription:TopicSubscription": _subscription,
}
