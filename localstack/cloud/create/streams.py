"""The streams: a service of containers, behind a load balancer."""

import json

from localstack.cloud.create.inputs import Create, Inputs, Made, capitalised
from localstack.cloud.endpoint import Endpoint


def _cluster(cloud: Endpoint, inputs: Inputs) -> Made:
    name = inputs.name()
    cluster = cloud.client("ecs").create_cluster(clusterName=name, tags=inputs.tags("key", "value"))[
        "cluster"
    ]
    return Made(cluster["clusterArn"], {"name": name, "arn": cluster["clusterArn"]})


def _task(cloud: Endpoint, inputs: Inputs) -> Made:
    # ECS itself writes its parameters with small letters, as Pulumi does.
    names = (
        "cpu",
        "executionRoleArn",
        "family",
        "memory",
        "networkMode",
        "requiresCompatibilities",
        "runtimePlatform",
        "taskRoleArn",
    )
    task = cloud.client("ecs").register_task_definition(
        containerDefinitions=json.loads(inputs.take("containerDefinitions")),
        tags=inputs.tags("key", "value"),
        **inputs.as_they_are(*names),
    )["taskDefinition"]
    return Made(task["family"], {"arn": task["taskDefinitionArn"], "revision": task["revision"]})


def _service(cloud: Endpoint, inputs: Inputs) -> Made:
    network = inputs.take("networkConfiguration")
    service = cloud.client("ecs").create_service(
        serviceName=inputs.name(),
        networkConfiguration={
            "awsvpcConfiguration": {
                **network,
                "assignPublicIp": "ENABLED" if network["assignPublicIp"] else "DISABLED",
            }
        },
        deploymentConfiguration={"deploymentCircuitBreaker": inputs.take("deploymentCircuitBreaker")},
        tags=inputs.tags("key", "value"),
        **inputs.as_they_are(
            "cluster",
            "desiredCount",
            "healthCheckGracePeriodSeconds",
            "launchType",
            "loadBalancers",
            "propagateTags",
            "taskDefinition",
        ),
    )["service"]
    return Made(service["serviceArn"], {"name": service["serviceName"]})


def _balancer(cloud: Endpoint, inputs: Inputs) -> Made:
    client, name = cloud.client("elbv2"), inputs.name()
    attributes = {
        "deletion_protection.enabled": inputs.take("enableDeletionProtection"),
        "idle_timeout.timeout_seconds": inputs.take("idleTimeout"),
        "routing.http.drop_invalid_header_fields.enabled": inputs.take("dropInvalidHeaderFields"),
    }
    (balancer,) = client.create_load_balancer(
        Name=name,
        Tags=inputs.tags(),
        **inputs.carry("securityGroups", "subnets", loadBalancerType="Type"),
    )["LoadBalancers"]
    arn = balancer["LoadBalancerArn"]
    client.modify_load_balancer_attributes(
        LoadBalancerArn=arn,
        Attributes=[{"Key": key, "Value": json.dumps(value)} for key, value in attributes.items()],
    )
    return Made(
        arn,
        {
            "arn": arn,
            "name": name,
            "arnSuffix": arn.partition(":loadbalancer/")[2],
            "dnsName": balancer["DNSName"],
            "zoneId": balancer["CanonicalHostedZoneId"],
        },
    )


def _target_group(cloud: Endpoint, inputs: Inputs) -> Made:
    client, name = cloud.client("elbv2"), inputs.name()
    check = inputs.take("healthCheck")
    delay, version = inputs.take("deregistrationDelay"), inputs.take("protocolVersion")
    (group,) = client.create_target_group(
        Name=name,
        HealthCheckPath=check["path"],
        HealthCheckIntervalSeconds=check["interval"],
        Matcher={"GrpcCode" if version == "GRPC" else "HttpCode": check["matcher"]},
        ProtocolVersion=version,
        Tags=inputs.tags(),
        **inputs.carry("port", "protocol", "targetType", "vpcId"),
    )["TargetGroups"]
    arn = group["TargetGroupArn"]
    client.modify_target_group_attributes(
        TargetGroupArn=arn,
        Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": str(delay)}],
    )
    return Made(arn, {"arn": arn, "name": name, "arnSuffix": arn.rpartition(":")[2]})


def _listener(cloud: Endpoint, inputs: Inputs) -> Made:
    certificate = inputs.take("certificateArn")
    (listener,) = cloud.client("elbv2").create_listener(
        Certificates=[{"CertificateArn": certificate}],
        DefaultActions=capitalised(inputs.take("defaultActions")),
        Tags=inputs.tags(),
        **inputs.carry("loadBalancerArn", "port", "protocol", "sslPolicy"),
    )["Listeners"]
    return Made(listener["ListenerArn"], {"arn": listener["ListenerArn"]})


def _rule(cloud: Endpoint, inputs: Inputs) -> Made:
    conditions = [
        {
            "Field": "http-header",
            "HttpHeaderConfig": {
                "HttpHeaderName": condition["httpHeader"]["httpHeaderName"],
                "Values": condition["httpHeader"]["values"],
            },
        }
        for condition in inputs.take("conditions")
    ]
    (rule,) = cloud.client("elbv2").create_rule(
        Conditions=conditions, Tags=inputs.tags(), **inputs.carry("actions", "listenerArn", "priority")
    )["Rules"]
    return Made(rule["RuleArn"], {"arn": rule["RuleArn"]})


CREATE: dict[str, Create] = {
    "aws:ecs/cluster:Cluster": _cluster,
    "aws:ecs/service:Service": _service,
    "aws:ecs/taskDefinition:TaskDefinition": _task,
    "aws:lb/listener:Listener": _listener,
    "aws:lb/listenerRule:ListenerRule": _rule,
    "aws:lb/loadBalancer:LoadBalancer": _balancer,
    "aws:lb/targetGroup:TargetGroup": _target_group,
}
