"""The production stack's network and servers."""

import json
from pathlib import Path

import pytest

from shared.edge.cloud_metrics import METRICS
from tests.support.program import PROD, Program, run_program


def test_the_local_stack_has_no_servers_of_its_own(local: Program) -> None:
    """No network, database, cache or container: only what an emulator can hold."""
    services = {
        found.type.removeprefix("aws:").partition("/")[0] for found in local.resources if found.custom
    }

    assert services == {
        "apigatewayv2",
        "cloudwatch",
        "iam",
        "kms",
        "lambda",
        "s3",
        "scheduler",
        "secretsmanager",
        "sns",
    }


def test_outputs_are_where_to_send_requests(local: Program, prod: Program) -> None:
    """The address of the API, the names of the functions and, with an image, the address of the streams."""
    assert local.outputs["api_url"] == "https://api.example"
    assert "spooled-test-jobs-create" in local.outputs["functions"]
    assert "stream_url" not in local.outputs
    assert prod.outputs["stream_url"] == "https://stream.example.com"


def test_groups_reach_each_other_on_their_ports_alone(prod: Program) -> None:
    """Every rule, read: who may open a connection to whom, on which port."""
    rules = {
        (
            rule.inputs.get("referencedSecurityGroupId", rule.inputs.get("cidrIpv4")),
            rule.inputs["securityGroupId"],
            rule.inputs["fromPort"],
        )
        for rule in prod.of("vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    }

    assert rules == {
        ("functions-id", "proxy-id", 5432),
        ("proxy-id", "database-id", 5432),
        ("functions-id", "cache-id", 6379),
        ("functions-id", "secrets-id", 443),
        ("streams-id", "proxy-id", 5432),
        ("streams-id", "cache-id", 6379),
        ("streams-id", "secrets-id", 443),
        ("balancer-id", "streams-id", 8080),
        ("balancer-id", "streams-id", 50051),
        ("0.0.0.0/0", "balancer-id", 443),
    }
    for group in prod.of("ec2/securityGroup:SecurityGroup"):
        assert not {"ingress", "egress"} & group.inputs.keys()


def test_private_subnets_have_no_way_out(prod: Program) -> None:
    """Only `public` leads to the internet's gateway, and only `outbound` to the NAT gateway."""
    ways = {
        found.name: (found.inputs.get("gatewayId"), found.inputs.get("natGatewayId"))
        for found in prod.of("ec2/route:Route")
    }

    assert ways == {
        "public": ("network-id", None),
        "outbound-0": (None, "outbound-0-id"),
        "outbound-1": (None, "outbound-0-id"),
    }
    assert not any(found.inputs["mapPublicIpOnLaunch"] for found in prod.of("ec2/subnet:Subnet"))
    assert len({found.inputs["availabilityZone"] for found in prod.of("ec2/subnet:Subnet")}) == 2


def test_nothing_is_public_but_the_api_and_the_balancer(prod: Program) -> None:
    """Database instances have no public address, the bucket no public object, tasks no public address."""
    assert all(
        not found.inputs["publiclyAccessible"] for found in prod.of("rds/clusterInstance:ClusterInstance")
    )
    (bucket,) = prod.of("s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
    assert {name for name, value in bucket.inputs.items() if value is True} == {
        "blockPublicAcls",
        "blockPublicPolicy",
        "ignorePublicAcls",
        "restrictPublicBuckets",
    }
    (service,) = prod.of("ecs/service:Service")
    assert not service.inputs["networkConfiguration"]["assignPublicIp"]


def test_the_database_can_be_restored_and_is_not_lost_by_a_slip(prod: Program) -> None:
    """Backups, a last snapshot, protection, TLS forced, and the size of the configuration."""
    (cluster,) = prod.of("rds/cluster:Cluster")
    (parameters,) = prod.of("rds/clusterParameterGroup:ClusterParameterGroup")

    assert cluster.inputs["backupRetentionPeriod"] == 14
    assert cluster.inputs["deletionProtection"]
    assert not cluster.inputs["skipFinalSnapshot"]
    assert cluster.inputs["serverlessv2ScalingConfiguration"] == {"minCapacity": 0.5, "maxCapacity": 8}
    assert {"name": "rds.force_ssl", "value": "1", "applyMethod": "immediate"} in parameters.inputs[
        "parameters"
    ]
    # What a running server does not take on: refused by the cloud when it is to be applied at once.
    locks = {"name": "max_locks_per_transaction", "value": "512", "applyMethod": "pending-reboot"}
    assert locks in parameters.inputs["parameters"]
    assert parameters.inputs["family"] == "aurora-postgresql17"


def test_functions_reach_the_database_through_the_proxy_encrypted(prod: Program) -> None:
    """With a certificate that is checked, and as a login of their own; the migration alone is the owner."""
    secrets = {
        found.name: json.loads(found.inputs["secretString"])
        for found in prod.of("secretsmanager/secretVersion:SecretVersion")
    }
    functions = prod.by_name("lambda/function:Function")
    owners = [
        name
        for name, function in functions.items()
        if "/owner" in function["environment"]["variables"]["SETTINGS_SECRETS"]
    ]

    assert secrets["database"]["DATABASE_URL"].startswith("postgresql://spooled_functions:")
    assert "@proxy.example:5432/spooled?sslmode=verify-full&" in secrets["database"]["DATABASE_URL"]
    assert secrets["database"]["REDIS_URL"] == "rediss://cache.example:6379/0"
    assert secrets["owner"]["OWNER_DATABASE_URL"].startswith("postgresql://spooled_owner:")
    assert owners == ["deploy-migrate"]
    assert {function["environment"]["variables"]["PREPARE_THRESHOLD"] for function in functions.values()} == {
        "0"
    }


@pytest.mark.parametrize(
    "name", ["database-capacity", "database-cpu", "database-connections", "cache-throttled"]
)
def test_servers_have_alarms(name: str, prod: Program) -> None:
    """Somebody is told before the database or the cache is at its end."""
    alarm = prod.by_name("cloudwatch/metricAlarm:MetricAlarm")[name]

    assert alarm["alarmActions"]
    assert alarm["comparisonOperator"] == "GreaterThanOrEqualToThreshold"


def test_the_service_has_alarms(local: Program) -> None:
    """Silence and failure of timers, the oldest pending job, dead letters, late schedules, answers of 5xx."""
    alarms = local.by_name("cloudwatch/metricAlarm:MetricAlarm")
    silence = {name for name in alarms if name.endswith("-silence")}

    assert silence == {f"{name}-silence" for name in local.by_name("scheduler/schedule:Schedule")}
    for name in silence:
        assert (alarms[name]["comparisonOperator"], alarms[name]["threshold"]) == ("LessThanThreshold", 1)
        assert alarms[name]["treatMissingData"] == "breaching"
    assert alarms["ticks-leases-silence"]["period"] == 300
    assert alarms["oldest-pending"]["namespace"] == "Spooled"
    assert alarms["oldest-pending"]["dimensions"] == {"service": "spooled-test"}
    assert alarms["dead-letters"]["metricName"] == "DeadLetters"
    assert (alarms["silent-timers"]["metricName"], alarms["silent-timers"]["threshold"]) == (
        "SilentTimers",
        1,
    )
    assert (alarms["buried-jobs"]["metricName"], alarms["buried-jobs"]["statistic"]) == ("BuriedJobs", "Sum")
    assert alarms["schedule-lag"]["metricName"] == "ScheduleLagSeconds"
    assert alarms["server-errors"]["metricName"] == "5xx"
    written = {alarm["metricName"] for alarm in alarms.values() if alarm["namespace"] == "Spooled"}
    assert written <= METRICS.keys()
    for alarm in alarms.values():
        assert (
            alarm["alarmActions"]
            == alarm["okActions"]
            == ["arn:aws:mock:eu-central-1:123456789012:Topic/spooled-test-alarms"]
        )


def test_an_address_is_told_when_one_is_given(tree: Path) -> None:
    """The topic's subscription is there with `alarms.email`, and not without."""
    told = run_program(
        PROD | {"alarms": '{"email": "ops@example.com"}', "network": '{"zones": 3, "natPerZone": true}'},
        functions=tree,
    )
    (subscription,) = told.of("sns/topicSubscription:TopicSubscription")

    assert subscription.inputs["endpoint"] == "ops@example.com"
    assert len(told.of("ec2/natGateway:NatGateway")) == 3
    assert len(told.of("ec2/subnet:Subnet")) == 9


def test_the_gateway_is_limited_and_writes_who_called(local: Program) -> None:
    """A rate for all callers together, a line for each request, and the cross-origin answers of the code."""
    (stage,) = local.of("apigatewayv2/stage:Stage")
    (api,) = local.of("apigatewayv2/api:Api")

    assert stage.inputs["defaultRouteSettings"]["throttlingRateLimit"] == 1000
    assert "$context.requestId" in stage.inputs["accessLogSettings"]["format"]
    assert api.inputs["corsConfiguration"]["allowOrigins"] == ["*"]
    assert "Idempotency-Key" in api.inputs["corsConfiguration"]["allowHeaders"]
