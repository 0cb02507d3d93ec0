"""Every policy of the stack is read: nobody may do more than it says here."""

import json
import re
from typing import Any

import pulumi_aws
import pytest

from infra.declared import Declared
from tests.support.program import Program

stacks = pytest.mark.parametrize("stack", ["local", "prod"])
OWN_LOG_STREAMS = re.compile(r"arn:[^*]+:log-stream:\*")


@pytest.fixture
def program(stack: str, request: pytest.FixtureRequest) -> Program:
    found: Program = request.getfixturevalue(stack)
    return found


@stacks
def test_no_policy_allows_everything(program: Program) -> None:
    """No `*` in an allowed action, and none in a resource but the streams of one log group.

    In the policy of a key, `*` means that key.
    """
    statements = list(program.policies())

    assert len(statements) > 60
    for place, statement in statements:
        if statement["Effect"] == "Allow":
            assert not [action for action in statement["Action"] if "*" in action], place
            assert "NotAction" not in statement
            resources = statement.get("Resource", [])
            if place != "aws:kms/key:Key key.policy":
                assert [r for r in resources if "*" in r and not OWN_LOG_STREAMS.fullmatch(r)] == [], place


@stacks
def test_nobody_from_outside_is_trusted(program: Program) -> None:
    """A principal is a service of AWS, or this account; `*` is only ever denied."""
    for place, statement in program.policies():
        principal = statement.get("Principal", {})
        if statement["Effect"] == "Deny":
            continue
        assert principal != "*", place
        assert "*" not in json.dumps(principal), place
        assert set(principal) <= {"Service", "AWS"}, place


@stacks
def test_a_function_may_do_what_it_needs_and_no_more(program: Program) -> None:
    """Write its own log, read its own secrets, decrypt what Secrets Manager keeps."""
    roles = program.by_name("iam/rolePolicy:RolePolicy")
    for name, function in program.by_name("lambda/function:Function").items():
        allowed = [s for s in json.loads(roles[name]["policy"])["Statement"] if s["Effect"] == "Allow"]
        log, secrets, key = allowed

        assert log["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
        assert [f"/aws/lambda/spooled-test-{name}:log-stream:*" in one for one in log["Resource"]] == [True]
        assert secrets["Action"] == ["secretsmanager:GetSecretValue"]
        assert secrets["Resource"] == function["environment"]["variables"]["SETTINGS_SECRETS"].split(",")
        assert key["Action"] == ["kms:Decrypt"]
        assert key["Condition"]["StringEquals"]["kms:ViaService"].startswith("secretsmanager.")


@stacks
def test_a_schedule_may_start_its_function_alone(program: Program) -> None:
    """The role of a schedule names one Lambda, the one that the schedule starts."""
    roles = program.by_name("iam/rolePolicy:RolePolicy")
    for name, schedule in program.by_name("scheduler/schedule:Schedule").items():
        (statement,) = json.loads(roles[f"{name}-schedule"]["policy"])["Statement"]

        assert statement["Action"] == ["lambda:InvokeFunction"]
        assert statement["Resource"] == [schedule["target"]["arn"]]
        assert schedule["target"]["arn"].endswith(f"spooled-test-{name}")
        assert schedule["target"]["roleArn"].endswith(f"spooled-test-{name}-schedule")


@stacks
def test_managed_policies_are_the_two_that_are_known(program: Program) -> None:
    """Lambda's network interfaces, whose use by our own code is denied; nothing in the local stack."""
    attached = {
        found.inputs["policyArn"] for found in program.of("iam/rolePolicyAttachment:RolePolicyAttachment")
    }

    assert attached <= {"arn:aws:iam::aws:policy/service-role/AWSLambdaENIManagementAccess"}
    assert bool(attached) == bool(program.of("ec2/vpc:Vpc"))
    for name, function in program.by_name("lambda/function:Function").items():
        policy = program.by_name("iam/rolePolicy:RolePolicy")[name]["policy"]
        assert ("lambda:SourceFunctionArn" in policy) == ("vpcConfig" in function)


@stacks
def test_everything_that_can_be_tagged_is(program: Program) -> None:
    """With project, stack and who manages it; a type that takes tags and has none is named."""
    for found in program.resources:
        if not found.custom:
            continue
        module, _, type_ = found.type.removeprefix("aws:").partition("/")
        package: Any = getattr(pulumi_aws, {"lambda": "lambda_"}.get(module, module))
        if hasattr(getattr(package, type_.partition(":")[2]), "tags"):
            tags = found.inputs.get("tags", {})
            assert (tags.get("Project"), tags.get("Stack")) == ("spooled", "test"), found


@stacks
def test_everything_that_is_kept_is_encrypted_by_our_key(program: Program) -> None:
    """Secrets, logs, code, topic, database and cache; the key turns by itself."""
    (key,) = program.of("kms/key:Key")
    assert key.inputs["enableKeyRotation"]
    arn = f"arn:aws:mock:eu-central-1:123456789012:Key/{key.name}"
    for found in program.of(
        "secretsmanager/secret:Secret",
        "cloudwatch/logGroup:LogGroup",
        "rds/cluster:Cluster",
        "elasticache/serverlessCache:ServerlessCache",
    ):
        assert found.inputs["kmsKeyId"] == arn, found
    for found in program.of("rds/cluster:Cluster"):
        assert found.inputs["storageEncrypted"]
    for found in program.of("rds/clusterInstance:ClusterInstance"):
        assert found.inputs["performanceInsightsKmsKeyId"] == arn
    assert all(topic.inputs["kmsMasterKeyId"] == f"{key.name}-id" for topic in program.of("sns/topic:Topic"))
    (rules,) = program.of(
        "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    )
    assert rules.inputs["rules"][0]["applyServerSideEncryptionByDefault"] == {
        "sseAlgorithm": "aws:kms",
        "kmsMasterKeyId": arn,
    }


@stacks
def test_every_log_has_an_end(program: Program) -> None:
    """Each log group of the stack is kept for the days of the configuration."""
    assert {found.inputs["retentionInDays"] for found in program.of("cloudwatch/logGroup:LogGroup")} == {30}


@stacks
def test_no_secret_stands_where_anybody_reads(program: Program) -> None:
    """Passwords and URLs are in the secrets, and in the database's own field, and nowhere else."""
    for found in program.resources:
        if found.type in {"aws:secretsmanager/secretVersion:SecretVersion", "aws:rds/cluster:Cluster"}:
            continue
        text = json.dumps(found.inputs, default=str)
        assert "a-password-of-the-tests" not in text, found.name
        assert "postgresql://" not in text, found.name


def test_only_what_calls_out_has_a_way_out(prod: Program, some: list[Declared]) -> None:
    """A function that does not declare `internet` is in subnets that have no route to it."""
    for declared in some:
        place = prod.by_name("lambda/function:Function")[declared.name]["vpcConfig"]
        kind = "outbound" if "internet" in declared.uses else "private"

        assert {subnet.rpartition("-0")[0].partition("-")[0] or subnet for subnet in place["subnetIds"]}
        assert all(subnet.startswith(f"{kind}-") for subnet in place["subnetIds"])
        assert ("outbound-id" in place["securityGroupIds"]) == (kind == "outbound")
